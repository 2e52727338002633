// The same in CommonJS, asking by node:http.
const fastify = require('fastify')
const http = require('node:http')

const app = fastify()
app.get('/inner', async () => 'inner')
app.get('/outer', async () => {
  const text = await new Promise((resolve) => {
    http.get(`${app.listeningOrigin}/inner`, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text))
    })
  })
  return text
})
void app.listen({ port: 0, host: '127.0.0.1' }).then((url) => process.send({ url }))
process.once('disconnect', () => app.close().then(() => process.exit()))
process.once('message', () => process.kill(process.pid, 'SIGTERM'))
