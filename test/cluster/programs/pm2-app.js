// An application under PM2: in its cluster mode all instances share a port, in its fork mode each has one of its own.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { MetricRegistry } from 'tallyscope'
import { nodeHandler } from 'tallyscope/prometheus'
import { shareMetrics } from 'tallyscope/cluster'

const registry = new MetricRegistry()
const hits = registry.counter('shop/hits')
const instances = registry.gauge('shop/instances')
const group = shareMetrics({ producers: [registry] })
const metrics = nodeHandler({ group, selfMetrics: false })
instances.set(1)

const server = createServer((request, response) => {
  response.setHeader('connection', 'close')
  if (request.url === '/metrics') return metrics(request, response)
  hits.inc()
  response.end('ok')
})
server.listen(Number(process.env.SHARED_PORT ?? 0), '127.0.0.1', () => {
  writeFileSync(join(process.env.URL_FOLDER, `${process.env.pm_id}.url`), `http://127.0.0.1:${server.address().port}`)
  process.send?.('ready')
})
process.on('SIGINT', () => server.close(() => process.exit(0)))
