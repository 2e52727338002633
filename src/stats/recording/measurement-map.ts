import { isAttachment, type Attachments } from './attachments.js'
import type { Measure } from './measure.js'
import { record } from './record.js'
import type { TagMap, Tags } from '../tags/tag-map.js'

/**
 * A batch of measurements with common tags and attachments. It has one value for each measure. It may be recorded several times.
 * @example
 * stats.statsRecorder.newMeasurementMap().put(latency, 0.0125).put(bytes, 2048).record(tags)
 */
export class MeasurementMap {
  readonly #values = new Map<Measure, number>()
  readonly #attachments = new Map<string, string>()

  /** Sets the value of a measure in the batch. A later value of the same measure replaces it. */
  put<K extends string>(measure: Measure<K>, value: number): this {
    this.#values.set(measure as unknown as Measure, value)
    return this
  }

  /** Adds an attachment to the values, such as `trace_id`. It becomes part of an exemplar if the aggregation keeps exemplars. */
  putAttachment(key: string, value: string): this {
    if (isAttachment(key, value)) this.#attachments.set(key, value)
    return this
  }

  /** Records all values. Default of `tags`: those of the async context. Measures without a view are skipped. */
  record(tags?: Tags | TagMap): void {
    const attachments: Attachments | undefined = this.#attachments.size === 0 ? undefined : Object.fromEntries(this.#attachments)
    for (const [measure, value] of this.#values) record(measure, value, tags, attachments)
  }
}

/** Creates batches. It is `stats.statsRecorder`. */
export class StatsRecorder {
  /** A new, empty batch. */
  newMeasurementMap(): MeasurementMap {
    return new MeasurementMap()
  }
}
