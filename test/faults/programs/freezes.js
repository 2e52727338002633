// Serves metrics, reports to a gateway and runs a task every 50 ms, while somebody stops and continues the process.
import { exportPeriodically, MetricRegistry, PeriodicMetricTask } from 'tallyscope'
import { PushGatewayExporter, serveMetrics } from 'tallyscope/prometheus'

const { gateway } = JSON.parse(process.argv[2])
const registry = new MetricRegistry()
const startsMs = []
new PeriodicMetricTask({ name: 'ticking', intervalMs: 50, run: () => void startsMs.push(performance.now()) })
registry.derivedGauge('most_at_once').observe(() => {
  // Runs within one interval: two at the most, the one that makes up and the next of the schedule.
  const at = startsMs.map((ms, i) => startsMs.slice(i).filter((other) => other - ms < 45).length)
  return Math.max(0, ...at)
})
exportPeriodically({
  name: 'pushing',
  producers: [registry],
  exporter: new PushGatewayExporter({ url: gateway, job: 'freezes' }),
  intervalMs: 100,
  exportTimeoutMs: 100,
})
const { url } = await serveMetrics({ port: 0, producers: [registry] })
process.stdout.write(`at ${url}\n`)
