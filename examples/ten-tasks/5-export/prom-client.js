// Metrics, and those of a pool that others wrote, go to a service of one's own every minute, again after a 503, and once more at the end.
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { Counter, Gauge, register } from 'prom-client'

let calls = 0
const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString()
  if (++calls > 1) console.log(body)
  response.writeHead(calls === 1 ? 503 : 200).end()
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = `http://127.0.0.1:${Object(server.address()).port}`

const pool = { size: 4 }
new Counter({ name: 'jobs_done', help: 'Jobs done' }).inc(2)
new Gauge({
  name: 'pool_size',
  help: 'Connections',
  collect() {
    this.set(pool.size)
  },
})

const exportAll = async (attempts = 3) => {
  const metrics = await register.getMetricsAsJSON()
  const body = metrics.map(({ name, values }) => `${name} ${values[0]?.value}`).join('\n')
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const { ok, status } = await fetch(url, { method: 'POST', body })
    if (ok) return
    if (status < 500) throw new Error(`answered ${status}`)
    await setTimeout(1000 * attempt)
  }
}
const timer = setInterval(() => exportAll().catch((error) => console.error(error)), 60_000)
await exportAll() // as every minute
clearInterval(timer)
await exportAll()
server.closeAllConnections()
server.close()
