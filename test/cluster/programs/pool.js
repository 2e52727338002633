// A process with a piscina pool; with workers, a primary whose workers have pools. Commands come on stdin, facts go to stdout.
import cluster from 'node:cluster'
import { createInterface } from 'node:readline'
import { Piscina } from 'piscina'
import { MetricRegistry } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'
import { shareMetrics } from 'tallyscope/cluster'

const settings = JSON.parse(process.argv[2] ?? '{}')
const registry = new MetricRegistry()
const own = registry.counter('pool/tasks')

async function runTasks({ tasks, workMs = 1, flushes }) {
  const filename = new URL('./pool-task.js', import.meta.url).href
  const { idleTimeout = 0, atomics } = settings
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 3, idleTimeout, ...(atomics && { atomics }) })
  const threads = await Promise.all(Array.from({ length: tasks }, () => pool.run({ workMs, flushes })))
  own.inc()
  return { pool, done: tasks + 1, threads: new Set(threads).size }
}

const group = shareMetrics({ producers: [registry] })
if (cluster.isPrimary) {
  const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`)
  const { url } = await serveMetrics({ producers: [group], selfMetrics: false, port: 0 })
  cluster.on('message', (worker, fact) => tell({ worker: worker.id, ...fact }))
  for (let at = 0; at < (settings.workers ?? 0); at++) cluster.fork()
  tell({ url })
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const command = JSON.parse(line)
    if (settings.workers) {
      for (const worker of Object.values(cluster.workers)) worker.send(command)
      return
    }
    const { pool, ...fact } = await runTasks(command)
    tell(fact)
    if (command.destroy) await pool.destroy()
    if (command.destroy) tell({ destroyed: true })
  })
} else {
  process.on('message', async (command) => {
    const { pool: _pool, ...fact } = await runTasks(command)
    process.send(fact)
  })
  process.send({ ready: true })
}
