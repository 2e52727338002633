import { beginGathering, type Gathering } from '../../../metrics/collection/gather.js'
import type { MetricProducer } from '../../../metrics/data/producer.js'
import type { Family } from '../../../metrics/data/row-source.js'

/** A gathering that reports whether required metrics are missing. */
export interface RequiredGathering extends Gathering<Family> {
  isMissing?(): boolean
}

/** Begins a gathering that also reports whether required metrics are missing. */
export function beginRequired(producers: readonly MetricProducer[], timeoutMs: number): RequiredGathering {
  const missing = new Set(producers.filter(({ isRequired }) => isRequired === true))
  const settled = producers.map((producer) => (missing.has(producer) ? watched(producer, () => missing.delete(producer)) : producer))
  return { ...beginGathering(settled, { timeoutMs }), isMissing: () => missing.size > 0 }
}

/** Wraps a producer so that `onGathered` is called when it has returned its families. */
function watched(producer: MetricProducer, onGathered: () => void): MetricProducer {
  return {
    name: producer.name ?? 'producer',
    getMetrics: (context) => producer.getMetrics(context),
    async getFamilies(context) {
      const families = await (producer.getFamilies ?? producer.getMetrics).call(producer, context)
      onGathered()
      return families
    },
  }
}
