import { isThenable } from '../../base/finally-async.js'
import type { Resource } from '../../base/resource.js'
import { partName } from '../../base/inspect-value.js'
import type { Metric } from '../data/metric.js'
import type { GatheringContext, MetricProducer } from '../data/producer.js'

/** The same metrics with a resource; those that have one themselves are left as they are. */
export function withResource(producer: MetricProducer, resource: Resource): MetricProducer {
  if (Object.keys(resource.labels).length === 0) return producer
  const labels = Object.freeze({ ...resource.labels })
  const addResource = (metrics: readonly Metric[]): readonly Metric[] =>
    metrics.map((metric) => (metric.resource === undefined ? { ...metric, resource: labels } : metric))
  return {
    name: partName(producer, 'producer'),
    getMetrics: (context?: GatheringContext) => {
      const metrics = producer.getMetrics(context)
      return isThenable(metrics) ? Promise.resolve(metrics).then(addResource) : addResource(metrics)
    },
  }
}
