import cluster from 'node:cluster'
import { createServer } from 'node:http'
let listening = 0
if (cluster.isPrimary) {
  cluster.on('listening', async (_worker, { port }) => {
    if (++listening < 2) return
    console.log(await (await fetch(`http://127.0.0.1:${port}/`)).text())
    cluster.disconnect(() => console.log('listening', listening))
  })
  cluster.fork()
  cluster.fork()
} else {
  createServer((_request, response) => response.setHeader('connection', 'close').end('x')).listen(0, '127.0.0.1')
}
