// A service: requests by route and status, orders by the tenant of the request, /metrics.
import fastify from 'fastify'
import { count, stats, withTags } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'

const sold = stats.measure('shop/sold', { tagKeys: ['kind'] })
stats.registerView({ name: 'shop/sold', measure: sold, tagKeys: ['kind'], contextTags: ['tenant'], aggregation: count() })
const sell = async (kind = '') => stats.record(sold, 1, { kind }) // knows nothing of requests

const app = fastify()
await app.register(tallyscopeFastify)
app.addHook('onRequest', (request, _reply, done) => withTags({ tenant: String(request.headers['x-tenant'] ?? 'none') }, done))
app.post('/orders', async (_request, reply) => {
  await sell('book')
  return reply.code(201).send({ id: 1 })
})

const url = await app.listen({ port: 0, host: '127.0.0.1' })
await (await fetch(`${url}/orders`, { method: 'POST', headers: { 'x-tenant': 'acme' } })).text()
const page = await (await fetch(`${url}/metrics`)).text()
console.log(page.match(/^shop_sold_total.*$/m)?.[0], page.match(/_duration_seconds_count\{.*"\/orders".*"201".*\} (\d+)/)?.[1])
await app.close()
