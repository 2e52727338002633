// A Fastify and an Express application with traffic of their own, measured under our names and under those of the packages that were there before.
import { createServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { Stats } from 'tallyscope'
import { fastifyMetricsViews, httpServerViews, tallyscopeFastify } from 'tallyscope/fastify'
import { expressPromBundleViews, instrumentHttpServer } from 'tallyscope/http-server'
import { nodeHandler } from 'tallyscope/prometheus'

const app = fastify()
await app.register(tallyscopeFastify, { stats: new Stats(), views: [...fastifyMetricsViews, ...httpServerViews] })
app.get('/carts/:id', async ({ params }) => params.id)
app.get('/boom', async () => {
  throw new Error('planned')
})
const first = await app.listen({ port: 0, host: '127.0.0.1' })

const http = instrumentHttpServer({ stats: new Stats(), views: [...expressPromBundleViews, ...httpServerViews], ignorePaths: ['/metrics'] })
const other = express()
other.get('/metrics', nodeHandler({ producers: http.producers }))
other.get('/carts/:id', (request, response) => response.send(request.params.id))
other.get('/boom', (_request, response) => response.status(500).end())
const server = createServer(other).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const second = `http://127.0.0.1:${server.address().port}`

setInterval(() => {
  for (const url of [first, second]) {
    for (const path of ['/carts/1', '/boom']) void fetch(`${url}${path}`).then((response) => response.text())
  }
}, 100)
console.log(`${first}/metrics ${second}/metrics`)
