// An Express application: latency by method, route template and status, /metrics.
import express from 'express'
import { Histogram, register } from 'prom-client'

const latency = new Histogram({ name: 'http_server_duration_seconds', help: 'Time', labelNames: ['method', 'route', 'status'] })
const app = express()
app.get('/metrics', async (_request, response) => void response.type(register.contentType).send(await register.metrics()))
app.use((request, response, next) => {
  const end = latency.startTimer({ method: request.method })
  response.once('close', () => {
    const route = request.route === undefined ? 'unmatched' : request.baseUrl + request.route.path
    end({ route, status: response.statusCode })
  })
  next()
})
const carts = express.Router()
carts.get('/:cart', (request, response) => void response.send(request.params.cart))
app.use('/carts', carts)

const server = app.listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = `http://127.0.0.1:${Object(server.address()).port}`
await (await fetch(`${url}/carts/7`)).text()
const page = await (await fetch(`${url}/metrics`)).text()
console.log(page.match(/_duration_seconds_count\{method="GET",route="\/carts\/:cart",status="200".*\} (\d+)/)?.[1])
server.closeAllConnections()
server.close()
