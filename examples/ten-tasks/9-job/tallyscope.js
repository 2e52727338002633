// A job pushes what it did before it ends, and fails if that was not accepted.
import { createServer } from 'node:http'
import { gather, MetricRegistry } from 'tallyscope'
import { PushGatewayExporter } from 'tallyscope/prometheus'

const gatewayServer = createServer(async (request, response) => {
  console.log(
    request.method,
    request.url,
    Buffer.concat(await request.toArray())
      .toString()
      .match(/^import_.*$/gm),
  )
  response.end()
}).listen(0, '127.0.0.1')
await new Promise((resolve) => gatewayServer.once('listening', resolve))
const url = `http://127.0.0.1:${Object(gatewayServer.address()).port}`

const registry = new MetricRegistry()
registry.counter('import/rows', { labelKeys: ['table'] }).inc(120, { table: 'orders' })
registry.gauge('import/last_success_seconds', { unit: 's' }).set(1_760_000_000)

const gateway = new PushGatewayExporter({ url, job: 'import', groupingKey: { shard: '3' }, gzip: false })
await gateway.push(await gather([registry]))
gatewayServer.closeAllConnections()
gatewayServer.close()
