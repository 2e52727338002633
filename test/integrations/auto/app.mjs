// A program that knows nothing of tallyscope.
import fastify from 'fastify'

const app = fastify()
app.get('/inner', async () => 'inner')
app.get('/outer', async () => await (await fetch(`${url}/inner`)).text())
const url = await app.listen({ port: 0, host: '127.0.0.1' })
process.once('disconnect', () => app.close().then(() => process.exit()))
process.once('message', () => process.kill(process.pid, 'SIGTERM'))
process.send({ url })
