// A service: requests by route and status, orders by the tenant of the request, /metrics.
import { AsyncLocalStorage } from 'node:async_hooks'
import fastify from 'fastify'
import { Counter, Histogram, register } from 'prom-client'

const tenants = new AsyncLocalStorage()
const sold = new Counter({ name: 'shop_sold_total', help: 'Sold', labelNames: ['kind', 'tenant'] })
const latency = new Histogram({
  name: 'http_server_duration_seconds',
  help: 'Time to answer',
  labelNames: ['method', 'route', 'status'],
})
const sell = async (kind = '') => sold.inc({ kind, tenant: String(tenants.getStore() ?? 'none') })

const app = fastify()
app.addHook('onRequest', (request, _reply, done) => tenants.run(request.headers['x-tenant'], done))
app.addHook('onResponse', async (request, reply) => {
  const { method, routeOptions } = request
  latency.observe({ method, route: routeOptions.url ?? 'unmatched', status: reply.statusCode }, reply.elapsedTime / 1000)
})
app.get('/metrics', async (_request, reply) => reply.type(register.contentType).send(await register.metrics()))
app.post('/orders', async (_request, reply) => {
  await sell('book')
  return reply.code(201).send({ id: 1 })
})

const url = await app.listen({ port: 0, host: '127.0.0.1' })
await (await fetch(`${url}/orders`, { method: 'POST', headers: { 'x-tenant': 'acme' } })).text()
const page = await (await fetch(`${url}/metrics`)).text()
console.log(page.match(/^shop_sold_total.*$/m)?.[0], page.match(/_duration_seconds_count\{.*"\/orders".*"201".*\} (\d+)/)?.[1])
await app.close()
