// A job pushes what it did before it ends, and fails if that was not accepted.
import { createServer } from 'node:http'
import { Counter, Gauge, Pushgateway } from 'prom-client'

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

new Gauge({ name: 'import_last_success_seconds', help: 'When it was done' }).set(1_760_000_000)
new Counter({ name: 'import_rows_total', help: 'Rows', labelNames: ['table'] }).inc({ table: 'orders' }, 120)

const gateway = new Pushgateway(url)
await gateway.push({ jobName: 'import', groupings: { shard: '3' } })
gatewayServer.closeAllConnections()
gatewayServer.close()
