// @ts-check
// The service behind: knows how many there are, and takes its time.
import { setTimeout as pause } from 'node:timers/promises'
import { count, currentTags, stats } from 'tallyscope'
import { startService } from './service.js'

const asked = stats.measure('stock/asked', { type: 'int64', description: 'Questions for the stock' })
stats.viewManager.registerView({ name: 'stock/asked', measure: asked, tagKeys: ['region'], aggregation: count() })

/** @type {Record<string, number>} */
const LEFT = { tea: 12, cup: 3, pot: 0 }

await startService('stock', (app, tracer) => {
  app.get('/stock/:product', async (request, reply) => {
    const { product } = /** @type {{ product: string }} */ (request.params)
    stats.record(asked, 1) // by the region that the shop sent along
    const left = await tracer.span('read the shelf', async (span) => {
      span.addAttribute('product', product)
      await pause(5)
      return LEFT[product]
    })
    if (left === undefined) return await reply.code(404).send({ error: `no product ${product}` })
    request.log.info({ region: currentTags().get('region') }, 'counted') // has trace_id and span_id
    return { product, left }
  })
})
