// A primary with workers that share one port. Commands come on stdin, one a line; facts go to stdout as JSON, one a line.
import cluster from 'node:cluster'
import { createInterface } from 'node:readline'
import { MetricRegistry, stats, distribution } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'
import { shareMetrics } from 'tallyscope/cluster'

const settings = JSON.parse(process.argv[2] ?? '{}')
const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`)
const registry = new MetricRegistry()
const hits = registry.counter('shop/hits', { labelKeys: ['kind'] })
const busy = registry.gauge('shop/busy')
const load = registry.counter('shop/load')
const latency = stats.measure('shop/latency', { unit: 's', view: distribution([1, 2]) })

const repeat = (times, run) => {
  for (let at = 0; at < times; at++) run()
}

if (cluster.isPrimary) {
  const group = shareMetrics({ producers: [stats, registry], ...settings.group })
  const endpoint = await serveMetrics({ producers: [group], selfMetrics: false, port: 0 })
  cluster.on('message', (worker, message) => tell({ worker: worker.id, pid: worker.process.pid, ...message }))
  cluster.on('exit', (worker, status, signal) => tell({ gone: worker.id, status, signal }))
  for (let at = 0; at < settings.workers; at++) cluster.fork({ SHARED_PORT: settings.port ?? '' })
  tell({ url: endpoint.url })
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { to, ...command } = JSON.parse(line)
    if (command.fork) cluster.fork({ SHARED_PORT: settings.port ?? '' })
    else if (command.members) tell({ members: group.members() })
    else if (command.end) void group.leave().then(() => process.exit(0))
    else cluster.workers[to]?.send(command)
  })
} else {
  const group = shareMetrics({ producers: [stats, registry], ...settings.group })
  const endpoint =
    process.env.SHARED_PORT && (await serveMetrics({ producers: [group], selfMetrics: false, port: Number(process.env.SHARED_PORT) }))
  const { recordsPerSecond = 0 } = settings
  if (recordsPerSecond > 0) setInterval(() => repeat(recordsPerSecond / 4, () => load.inc()), 250)
  let total = 0
  process.on('message', ({ add, exit, kill, block, throw: fails, disconnect }) => {
    if (add) {
      hits.inc(add, { kind: 'a' })
      repeat(add, () => stats.record(latency, 1.5))
      busy.set(1)
      total += add
    }
    if (block) for (const end = Date.now() + block; Date.now() < end; );
    process.send({ total }, () => {
      if (exit) process.exit(0)
      if (fails) throw new Error('on purpose')
      if (disconnect) cluster.worker.disconnect()
      if (kill) process.kill(process.pid, 'SIGKILL')
    })
  })
  process.send({ ready: true, url: endpoint?.url })
}
