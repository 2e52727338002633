import { isThenable } from '../../base/finally-async.js'
import type { Resource } from '../../base/resource.js'
import { componentName } from '../../base/inspect-value.js'
import type { MetricDescriptor } from './metric.js'
import type { GatheringContext, MetricProducer } from './producer.js'
import { type Family, isRowSource, type RowChunk, type RowSource } from './row-source.js'

/** The same metrics with a resource; those that have one themselves are left as they are. Rows stay rows. */
export function withResource(producer: MetricProducer, resource: Resource): MetricProducer {
  if (Object.keys(resource.labels).length === 0) return producer
  const add = resourceAdder(resource.labels)
  const { getFamilies } = producer
  return {
    name: componentName(producer, 'producer'),
    getMetrics: (context?: GatheringContext) => mapped(producer.getMetrics(context), add),
    ...(getFamilies !== undefined && {
      getFamilies: (context?: GatheringContext) => mapped(getFamilies.call(producer, context), add),
    }),
  }
}

/** Adds resource labels to families that have none. A source that is met again is the same again, so that exporters keep what they have of it. */
export function resourceAdder(given: Readonly<Record<string, string>>): <F extends Family>(family: F) => F {
  const labels = Object.freeze({ ...given })
  const sources = new WeakMap<RowSource, RowSource>()
  const addToSource = (source: RowSource): RowSource => {
    let made = sources.get(source)
    if (made === undefined) {
      made = new SourceWithResource(source, labels)
      sources.set(source, made)
    }
    return made
  }
  return <F extends Family>(family: F): F => {
    if (family.resource !== undefined) return family
    return (isRowSource(family) ? addToSource(family) : { ...family, resource: labels }) as F
  }
}

function mapped<T>(all: readonly T[] | Promise<readonly T[]>, map: (one: T) => T): readonly T[] | Promise<readonly T[]> {
  return isThenable(all) ? Promise.resolve(all).then((settled) => settled.map(map)) : all.map(map)
}

class SourceWithResource implements RowSource {
  readonly descriptor: MetricDescriptor
  readonly kind: RowSource['kind']
  readonly resource: Readonly<Record<string, string>>
  readonly #source: RowSource

  constructor(source: RowSource, resource: Readonly<Record<string, string>>) {
    this.descriptor = source.descriptor
    this.kind = source.kind
    this.resource = resource
    this.#source = source
  }

  get bounds(): readonly number[] {
    return this.#source.bounds
  }
  get epoch(): number {
    return this.#source.epoch
  }
  get generation(): number {
    return this.#source.generation
  }
  get chunks(): readonly RowChunk[] {
    return this.#source.chunks
  }
}
