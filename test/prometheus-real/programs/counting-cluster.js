// Workers that count their work with tallyscope and with another client. Each writes the true count to a file before it counts.
import cluster from 'node:cluster'
import { openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { MetricRegistry } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'
import { shareMetrics } from 'tallyscope/cluster'

const { workers, port, folder, client = 'prom-client' } = JSON.parse(process.argv[2])
const { default: promClient } = await import(client)
const registry = new MetricRegistry()
const done = registry.counter('work/done')
const group = shareMetrics({ producers: [registry] })

if (cluster.isPrimary) {
  const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`)
  const aggregator = new promClient.AggregatorRegistry()
  const server = createServer((_request, response) => {
    aggregator.clusterMetrics().then(
      (text) => response.end(text),
      (error) => response.writeHead(500).end(String(error)),
    )
  })
  server.listen(0, '127.0.0.1', () => tell({ promClient: `http://127.0.0.1:${server.address().port}/metrics` }))
  let isWorking = false
  const ready = (worker) => new Promise((resolve) => worker.on('message', (message) => message.ready && resolve()))
  const gone = (worker) => new Promise((resolve) => worker.once('exit', resolve))
  const fork = async () => {
    const worker = cluster.fork()
    worker.on('error', () => {}) // the other client sends to a worker that ends at this moment
    await ready(worker)
    if (isWorking) worker.send({ work: true })
  }
  const restart = async (worker, how) => {
    const ended = gone(worker)
    if (how === 'kill') worker.process.kill('SIGKILL')
    else worker.send({ end: true })
    await ended
    await fork()
  }
  await Promise.all(Array.from({ length: workers }, fork))
  tell({ ready: true })
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { work, roll, kill } = JSON.parse(line)
    if (work !== undefined) {
      isWorking = work
      for (const worker of Object.values(cluster.workers)) worker.send({ work })
    }
    if (roll) {
      for (const worker of Object.values(cluster.workers)) await restart(worker, 'end')
      tell({ rolled: true })
    }
    if (kill) {
      const all = Object.values(cluster.workers)
      await restart(all[Math.floor(Math.random() * all.length)], 'kill')
      tell({ killed: true })
    }
  })
} else {
  new promClient.AggregatorRegistry() // answers the primary
  const theirs = new promClient.Counter({ name: 'work_done_total', help: 'work' })
  const truth = openSync(join(folder, String(process.pid)), 'w')
  const count = new Float64Array(1)
  await serveMetrics({ group, port, selfMetrics: false })
  let timer
  process.on('message', ({ work, end }) => {
    if (end) process.exit(0)
    if (work === undefined) return // a message of the other client
    clearInterval(timer)
    if (!work) return
    timer = setInterval(() => {
      count[0]++
      writeSync(truth, Buffer.from(count.buffer), 0, 8, 0)
      done.inc()
      theirs.inc()
    }, 2)
  })
  done.inc(0) // a series from the beginning
  process.send({ ready: true })
}
