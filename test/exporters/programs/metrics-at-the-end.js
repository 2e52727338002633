// A program whose last metrics are due when it calls process.exit(): a histogram log, a textfile, a Pushgateway.
import { count, exportPeriodically, HlogExporter, installShutdownHooks, percentiles, Stats } from 'tallyscope'
import { PushGatewayExporter, TextfileExporter } from 'tallyscope/prometheus'

const { exporter, path, url, early = false, deleteOnShutdown = false, atExit = false } = JSON.parse(process.argv[2])
const stats = new Stats()
const wait = stats.measure('wait', { unit: 's' })
stats.viewManager.registerView({ name: 'waits', measure: wait, aggregation: count() })
stats.viewManager.registerView({ name: 'wait', measure: wait, aggregation: percentiles({ intervals: true }) })
const exporters = {
  hlog: () => new HlogExporter({ path }),
  textfile: () => new TextfileExporter({ path, deleteOnShutdown }),
  pushgateway: () => new PushGatewayExporter({ url, job: 'nightly' }),
}
const task = exportPeriodically({ producers: [stats], exporter: exporters[exporter]() })
installShutdownHooks(task)
stats.record(wait, 0.25)
if (atExit) {
  process.once('exit', () => stats.record(wait, 0.75))
  await Promise.resolve()
}
if (early) {
  await task.flush() // an export that is over
  void task.flush() // and one in the middle
  stats.record(wait, 0.5)
  await Promise.resolve()
}
if (atExit === 'naturally') process.exitCode = 3
else process.exit(3)
