const fastify = require('fastify')
const app = fastify()
const hook = process.argv[2]
const refuse = async (request, reply) => {
  if (request.headers.authorization !== 'Bearer good')
    return hook === 'notFound' ? reply.callNotFound() : reply.code(401).send({ error: 'who are you' })
}
app.addHook(hook === 'notFound' ? 'onRequest' : hook, refuse)
void app.listen({ port: 0, host: '127.0.0.1' }).then(async (url) => {
  const ask = async (headers) => {
    const response = await fetch(url + '/metrics', { headers })
    return `${response.status} ${(await response.text()).includes('http_server')}`
  }
  console.log(await ask({}), await ask({ authorization: 'Bearer good' }))
  await app.close()
})
