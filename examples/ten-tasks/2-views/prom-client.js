// One latency, seen three ways: how many by route, how long by method, and percentiles. Then other buckets, while it runs.
import { Counter, Histogram, register, Summary } from 'prom-client'

const requests = new Counter({ name: 'http_requests_total', help: 'Requests', labelNames: ['route'] })
const histogram = (buckets = [0.1, 1]) =>
  new Histogram({ name: 'http_latency_seconds', help: 'Time to answer', labelNames: ['method'], buckets })
const quantiles = new Summary({ name: 'http_quantiles_seconds', help: 'Time to answer', percentiles: [0.99] })
let latency = histogram()

const answered = (seconds = 0) => {
  requests.inc({ route: '/cart' })
  latency.observe({ method: 'GET' }, seconds)
  quantiles.observe(seconds)
}
for (let n = 1; n <= 100; n++) answered(n / 100)
console.log('p99', (await quantiles.get()).values.find(({ labels }) => 'quantile' in labels)?.value.toFixed(1))

register.removeSingleMetric('http_latency_seconds')
latency = histogram([0.05, 0.5])
answered(0.25)
console.log((await register.metrics()).match(/^http_(requests|latency_seconds_bucket).*$/gm)?.join('\n'))
