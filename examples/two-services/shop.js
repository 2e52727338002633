// @ts-check
// The service in front: asks the stock over HTTP, so that one trace goes through both.
import { TagMap, withTags } from 'tallyscope'
import { startService } from './service.js'

const stock = process.env.STOCK_URL ?? 'http://127.0.0.1:3001'

await startService('shop', (app) => {
  app.get('/products/:product', async (request, reply) => {
    const { product } = /** @type {{ product: string }} */ (request.params)
    const region = request.headers['x-region'] === 'north' ? 'north' : 'elsewhere'
    const answer = await withTags(TagMap.of({ region, customer: 'stays here' }), () =>
      fetch(`${stock}/stock/${encodeURIComponent(product)}`),
    )
    const { left = 0 } = /** @type {{ left?: number }} */ (await answer.json())
    if (answer.status !== 200) return await reply.code(answer.status).send({ product, status: 'unknown' })
    return { product, status: left > 0 ? 'in stock' : 'sold out' }
  })
})
