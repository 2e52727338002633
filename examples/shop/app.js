// @ts-check
// The service: a few routes that take their time, and the hooks that measure every request.
import fastify from 'fastify'
import { stats, TagMap, withTags } from 'tallyscope'
import { latency, openRequests, orderItems, sentBytes, stock } from './measures.js'

const REGIONS = ['north', 'south']
const PRODUCTS = ['tea', 'cup', 'pot']

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function shopApp() {
  const app = fastify()
  const left = new Map(PRODUCTS.map((product) => [product, 1_000]))

  app.addHook('onRequest', (request, reply, done) => {
    const timer = stats.startTimer(latency)
    openRequests.add(1)
    reply.raw.once('close', () => {
      openRequests.add(-1)
      timer.stop({ method: request.method, route: request.routeOptions.url ?? 'unknown', status: String(reply.statusCode) })
    })
    done()
  })

  app.addHook('preHandler', (request, _reply, done) => {
    const region = String(request.headers['x-region'])
    withTags(TagMap.of({ region: REGIONS.includes(region) ? region : 'elsewhere' }), done)
  })

  app.addHook('onSend', async (_request, _reply, payload) => {
    if (typeof payload === 'string') stats.record(sentBytes, Buffer.byteLength(payload))
  })

  app.get('/products', async () => {
    await pause(4)
    return Object.fromEntries(left)
  })

  /** @type {{ Body: { product: string, items: number } }} */
  app.post('/orders', async (request, reply) => {
    const { product, items } = /** @type {{ product: string, items: number }} */ (request.body)
    const before = left.get(product)
    if (before === undefined) return reply.code(404).send({ error: `no product ${product}` })
    await pause(30)
    stats.record(orderItems, items) // no tags given: those of the async context, here the region
    const after = before > items ? before - items : 1_000 // sold out: a new delivery
    left.set(product, after)
    stats.record(stock, after, { product })
    return { product, items }
  })

  return app
}
