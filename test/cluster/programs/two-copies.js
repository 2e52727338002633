// The ES module and the CommonJS copy of the package in one process.
import { createRequire } from 'node:module'
import { MetricRegistry } from 'tallyscope'
import { shareMetrics } from 'tallyscope/cluster'

const require = createRequire(import.meta.url)
const copies = [MetricRegistry, require('tallyscope').MetricRegistry].map((Registry) => {
  const registry = new Registry()
  registry.counter('shop/hits').inc(5)
  return registry
})
const name = process.argv[2] ? JSON.parse(process.argv[2]).name : undefined
const groups = [
  shareMetrics({ name, producers: [copies[0]] }),
  require('tallyscope/cluster').shareMetrics({ name, producers: [copies[1]] }),
]
const [hits] = await groups[1].getMetrics()
process.stdout.write(
  `${JSON.stringify({
    isOne: groups[0] === groups[1],
    members: groups[0].members().length,
    hits: hits.timeSeries.map(({ points }) => points[0].value),
  })}\n`,
)
await groups[0].leave()
