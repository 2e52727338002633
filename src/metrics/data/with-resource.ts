import type { Resource } from '../../base/resource.js'
import { ForwardingSource } from './forwarding-source.js'
import { mapProducer } from './map-producer.js'
import { memoize } from '../../base/memoize.js'
import type { MetricProducer } from './producer.js'
import { type Family, isRowSource, type RowSource } from './row-source.js'

/** Returns a producer of the same metrics with a resource. Metrics that already have a resource keep it. */
export function withResource(producer: MetricProducer, resource: Resource): MetricProducer {
  return Object.keys(resource.labels).length === 0 ? producer : mapProducer(producer, resourceAdder(resource.labels))
}

/** Adds resource labels to families that have none. The same source always returns the same object, so that encoders can cache its text. */
export function resourceAdder(given: Readonly<Record<string, string>>): <F extends Family>(family: F) => F {
  const labels = Object.freeze({ ...given })
  const addToSource = memoize((source: RowSource) => new ForwardingSource(source, labels))
  return <F extends Family>(family: F): F => {
    if (family.resource !== undefined) return family
    return (isRowSource(family) ? addToSource(family) : { ...family, resource: labels }) as F
  }
}
