// A Fastify application with some traffic of its own. SETTING: `code` for the plugin and runtime metrics with their defaults, `auto` if it is
// loaded from outside.
import fastify from 'fastify'

const app = fastify()
if (process.env.SETTING === 'code') {
  const { runtimeMetrics } = await import('tallyscope')
  const { tallyscopeFastify } = await import('tallyscope/fastify')
  await app.register(tallyscopeFastify, { producers: [runtimeMetrics()] })
}
app.get('/carts/:id', async ({ params }) => params.id)
const url = await app.listen({ port: 0, host: '127.0.0.1' })
setInterval(() => {
  globalThis.gc?.()
  void fetch(`${url}/carts/1`).then((response) => response.text())
}, 100)
console.log(`${url}/metrics`)
