// An Express application: latency by method, route template and status, /metrics.
import express from 'express'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { nodeHandler } from 'tallyscope/prometheus'

const http = instrumentHttpServer({ ignorePaths: ['/metrics'] })
const app = express()
app.get('/metrics', nodeHandler({ producers: http.producers }))
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
