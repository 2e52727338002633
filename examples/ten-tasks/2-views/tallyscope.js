// One latency, seen three ways: how many by route, how long by method, and percentiles. Then other buckets, while it runs.
import { count, distribution, percentiles, stats } from 'tallyscope'
import { formatText } from 'tallyscope/prometheus'

const latency = stats.measure('http/latency', { unit: 's', description: 'Time to answer', tagKeys: ['method', 'route'] })
stats.registerView({ name: 'http/requests', measure: latency, tagKeys: ['route'], aggregation: count() })
stats.registerView({ name: 'http/latency', measure: latency, tagKeys: ['method'], aggregation: distribution([0.1, 1]) })
const quantiles = stats.registerView({ name: 'http/quantiles', measure: latency, aggregation: percentiles({ quantiles: [0.99] }) })

const answered = (seconds = 0) => stats.record(latency, seconds, { method: 'GET', route: '/cart' })
for (let n = 1; n <= 100; n++) answered(n / 100)
console.log('p99', quantiles.rows[0]?.data.quantiles[0]?.value?.toFixed(1))

stats.viewManager.unregisterView('http/latency')
stats.registerView({ name: 'http/latency', measure: latency, tagKeys: ['method'], aggregation: distribution([0.05, 0.5]) })
answered(0.25)
console.log(
  formatText(stats.getMetrics())
    .match(/^http_(requests|latency_seconds_bucket).*$/gm)
    ?.join('\n'),
)
