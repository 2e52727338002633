import { isThenable } from '../../base/finally-async.js'
import { componentName } from '../../base/strings/inspect-value.js'
import type { GatheringContext, MetricProducer } from './producer.js'
import type { Family } from './row-source.js'

/** Returns a producer with each family changed by `map`. Snapshots stay snapshots, and row sources stay row sources. */
export function mapProducer(producer: MetricProducer, map: <F extends Family>(family: F) => F): MetricProducer {
  const { getFamilies } = producer
  return {
    name: componentName(producer, 'producer'),
    isRequired: producer.isRequired === true,
    includesSelfMetrics: producer.includesSelfMetrics === true,
    getMetrics: (context?: GatheringContext) => mapped(producer.getMetrics(context), map),
    ...(getFamilies !== undefined && {
      getFamilies: (context?: GatheringContext) => mapped(getFamilies.call(producer, context), map),
    }),
  }
}

function mapped<T>(all: readonly T[] | Promise<readonly T[]>, map: (one: T) => T): readonly T[] | Promise<readonly T[]> {
  return isThenable(all) ? Promise.resolve(all).then((settled) => settled.map(map)) : all.map(map)
}
