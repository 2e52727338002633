// A whole Tallyscope with spans that wait and a metric not yet exported, and an end that the test chooses.
import { AsyncTransport, count, createTallyscope, FileExporter, installShutdownHooks } from 'tallyscope'

const { traces, metrics, hangs = false, end, gracePeriodMs = 5_000 } = JSON.parse(process.argv[2])
const hanging = { name: 'hanging', export: () => new Promise(() => {}), shutdown: () => new Promise(() => {}) }
const scope = createTallyscope({
  env: {},
  traces: {
    sampler: 'alwaysOn',
    exporters: [...(hangs ? [hanging] : []), new FileExporter({ path: traces })],
    transport: (exporter) => new AsyncTransport(exporter, { gracePeriodMs }),
  },
  metrics: { exporters: [{ file: metrics }] },
})
await scope.start()
installShutdownHooks(scope, { gracePeriodMs })

const orders = scope.stats.measure('shop/orders')
scope.stats.viewManager.registerView({ name: 'shop/orders', measure: orders, aggregation: count() })
for (let i = 0; i < 500; i++) {
  scope.tracer.span(`span ${i}`, () => {})
  scope.stats.record(orders, 1)
}
if (end === 'exit') process.exit(3)
setInterval(() => {}, 1_000)
process.stdout.write('ready\n')
