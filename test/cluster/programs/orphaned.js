// A primary that ends before its workers. It takes commands on stdin; facts of all processes go to stdout as JSON, one a line.
import cluster from 'node:cluster'
import { createInterface } from 'node:readline'
import { MetricRegistry } from 'tallyscope'
import { shareMetrics } from 'tallyscope/cluster'

const settings = JSON.parse(process.argv[2] ?? '{}')
const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`)
const registry = new MetricRegistry()
const hits = registry.counter('shop/hits')
const busy = registry.gauge('shop/busy')
const group = shareMetrics({ producers: [registry] })
const totals = async () => {
  const metrics = await group.getMetrics().catch(() => [])
  return Object.fromEntries(metrics.map(({ descriptor, timeSeries }) => [descriptor.name, timeSeries[0].points[0].value]))
}

hits.inc(cluster.isPrimary ? 1 : 10)
busy.set(1)
if (cluster.isPrimary) {
  for (let at = 0; at < settings.workers; at++) cluster.fork()
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { page, leave } = JSON.parse(line)
    if (page) tell({ page: await totals() })
    else if (leave) await group.leave()
    if (!page) process.exit(0)
  })
  tell({ pid: process.pid })
} else {
  if (settings.survive) cluster.worker.exitedAfterDisconnect = true // otherwise Node ends the worker with its primary
  process.once('disconnect', () => {
    if (!settings.survive) return
    hits.inc(100)
    const timer = setInterval(async () => tell({ orphan: process.pid, page: await totals() }), 50)
    setTimeout(() => {
      clearInterval(timer)
      void group.leave().then(() => process.exit(0))
    }, settings.surviveMs)
  })
}
