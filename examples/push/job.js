// @ts-check
// A job that ends before anybody could scrape it, so it pushes: spans and metrics by OTLP, metrics by remote write and DogStatsD, each
// to where its variable says. `node examples/push/main.js` runs it with receivers that print what arrives.
import { createTallyscope, distribution, sum } from 'tallyscope'

const { OTEL_EXPORTER_OTLP_ENDPOINT, REMOTE_WRITE_URL, DD_AGENT_HOST } = process.env
const toCollector = OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? [] : ['otlp']
const scope = createTallyscope({
  service: 'nightly',
  traces: { sampler: 'alwaysOn', exporters: toCollector },
  metrics: {
    exporters: [
      ...toCollector,
      ...(REMOTE_WRITE_URL === undefined ? [] : [{ remotewrite: { url: REMOTE_WRITE_URL, job: 'nightly', staleOnShutdown: false } }]),
      ...(DD_AGENT_HOST === undefined ? [] : ['dogstatsd']),
    ],
    intervalMs: 10_000,
  },
})
const { stats, tracer } = scope

const size = stats.measure('report/size', { unit: 'By', tagKeys: ['customer'] })
stats.registerView({ name: 'report/size', measure: size, tagKeys: ['customer'], aggregation: distribution([1_024, 16_384, 262_144]) })
const rows = stats.measure('report/rows', { tagKeys: ['customer'] })
stats.registerView({ name: 'report/rows', measure: rows, tagKeys: ['customer'], aggregation: sum() })

await scope.start()
try {
  for (const [customer, count] of /** @type {[string, number][]} */ ([
    ['acme', 120],
    ['globex', 4_000],
    ['initech', 31],
  ])) {
    await tracer.span('report', async (span) => {
      span.addAttribute('customer', customer)
      stats.record(rows, count, { customer })
      stats.record(size, count * 87, { customer })
    })
  }
} finally {
  await scope.shutdown() // the spans and metrics go out now, before the interval is over
}
console.log('done')
