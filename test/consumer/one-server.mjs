// Two copies of the code that see the same requests: one watches all servers, the other is middleware and names the routes.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { stats } from 'tallyscope'
import { instrumentHttpServer } from 'tallyscope/http-server'

const require = createRequire(import.meta.url)
const root = dirname(require.resolve('tallyscope/package.json'))
const copy = require(join(root, 'dist/cjs/integrations/http-server/index.js'))
if (copy.instrumentHttpServer === instrumentHttpServer) throw new Error('meant to be two copies of the code')

const watching = instrumentHttpServer()
const { middleware } = copy.instrumentHttpServer({ watch: false })
const server = createServer((request, response) =>
  middleware(request, response, () => {
    copy.setRoute(request, '/given')
    response.end('whole')
  }),
).listen(0, '127.0.0.1')
await once(server, 'listening')
for (let at = 0; at < 3; at++) await (await fetch(`http://127.0.0.1:${server.address().port}/`)).text()
server.closeAllConnections()
server.close()
await once(server, 'close')
watching.stop()
const rowsOf = (name) => stats.viewManager.getView(name).rows
console.log(
  JSON.stringify({
    requests: rowsOf('http/server/duration').map(({ tagValues, data }) => [tagValues.route, data.count]),
    bytes: rowsOf('http/server/response_size').map(({ data }) => data.sum),
  }),
)
