// A Fastify application in workers of node:cluster, and nothing of tallyscope: `tallyscope/auto` does it.
import cluster from 'node:cluster'
import { createInterface } from 'node:readline'

const settings = JSON.parse(process.argv[2] ?? '{}')
const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`)

if (cluster.isPrimary) {
  cluster.on('message', (worker, message) => tell({ worker: worker.id, ...message }))
  cluster.on('exit', (worker) => tell({ gone: worker.id }))
  for (let at = 0; at < settings.workers; at++) cluster.fork({ SHARED_PORT: settings.port })
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { kill } = JSON.parse(line)
    if (kill) cluster.workers[kill]?.process.kill('SIGKILL')
  })
} else {
  const { default: Fastify } = await import('fastify')
  const app = Fastify()
  app.get('/hello', () => 'hello')
  await app.listen({ port: Number(process.env.SHARED_PORT), host: '127.0.0.1' })
  process.send({ ready: true })
}
