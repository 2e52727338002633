// Serves the metrics of one of the two modules beside it: node service.js prom-client | tallyscope [stay]
import { createServer } from 'node:http'

const [name = 'tallyscope', stay] = process.argv.slice(2)
const shop = await import(`./${name}.js`)

const server = createServer((request, response) => void shop.handler(request, response)).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = `http://127.0.0.1:${Object(server.address()).port}/metrics`

for (let n = 0; n < 3; n++) shop.openCart()
shop.closeCart()
shop.sendMail()
for (const bytes of [100, 100, 100]) shop.upload(bytes)
for (const [table, ms] of [
  ['orders', 5],
  ['orders', 50],
  ['users', 5000],
])
  shop.query(table, ms)
await shop.order('book')

if (stay === undefined) {
  const page = await (await fetch(url)).text()
  console.log(page.match(/^(orders|mails|carts|billing|upload|checkout_duration_seconds_count).*$/gm)?.join('\n'))
  server.closeAllConnections()
  process.exit()
}
console.log(url)
