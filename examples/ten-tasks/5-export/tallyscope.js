// Metrics, and those of a pool that others wrote, go to a service of one's own every minute, again after a 503, and once more at the end.
import { createServer } from 'node:http'
import { exportPeriodically, ExportError, MetricRegistry } from 'tallyscope'

let calls = 0
const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString()
  if (++calls > 1) console.log(body)
  response.writeHead(calls === 1 ? 503 : 200).end()
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = `http://127.0.0.1:${Object(server.address()).port}`

const pool = { size: 4 }
const registry = new MetricRegistry()
registry.counter('jobs/done').inc(2)
registry.derivedGauge('pool/size').observe(() => pool.size)

const task = exportPeriodically({
  producers: [registry],
  exporter: {
    async export(metrics) {
      const body = metrics
        .map(({ descriptor, timeSeries }) => `${descriptor.name.replace('/', '_')} ${timeSeries[0]?.points[0]?.value}`)
        .join('\n')
      const { ok, status } = await fetch(url, { method: 'POST', body })
      if (!ok) throw new ExportError('MY_EXPORT', `answered ${status}`, { retryable: status >= 500 })
    },
  },
})
await task.flush() // as every minute
await task.close()
server.closeAllConnections()
server.close()
