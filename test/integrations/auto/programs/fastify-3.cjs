const Fastify = require('fastify-3')
const app = (Fastify.default ?? Fastify)()
app.decorate('tallyscope', 'mine')
app.decorateRequest('span', null)
app.get('/x', async () => 'x')
void app.listen({ port: 0, host: '127.0.0.1' }).then(async () => {
  const url = `http://127.0.0.1:${app.server.address().port}`
  console.log(await (await fetch(url + '/x')).text(), app.tallyscope)
  await app.close()
})
