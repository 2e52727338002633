import { inspectValue } from '../../base/strings/inspect-value.js'
import { checkMethods, checkOptions, type OptionNames } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import { getOrInsert } from '../../base/get-or-insert.js'
import { internString } from '../../base/strings/intern-string.js'
import { ForwardingSource } from './forwarding-source.js'
import { mapProducer } from './map-producer.js'
import { memoize } from '../../base/memoize.js'
import type { Exemplar, ExponentialValue, Metric, MetricDescriptor, SummaryValue, TimeSeries } from './metric.js'
import { checkLabelKeys } from './name-registry.js'
import type { MetricProducer } from './producer.js'
import { labelName } from './prometheus-name.js'
import { type Family, isRowSource, type RowChunk, type RowSource } from './row-source.js'
import { type ConstantLabels, constantTexts, isKey } from './validate-definition.js'

export interface RelabelOptions {
  /** Labels added to every series. If a metric has a label that is exposed under the same name, it keeps its own. Default: none. */
  readonly constantLabels?: ConstantLabels | undefined
  /**
   * New keys of labels by their old ones. If a metric has another label that is exposed under the same name, its label is not renamed.
   * Default: none.
   */
  readonly renameLabels?: Readonly<Record<string, string>> | undefined
}

const OPTIONS: OptionNames<RelabelOptions> = { constantLabels: true, renameLabels: true }

/**
 * Returns a producer of the same metrics with other labels. Recorded data, and names of views and instruments in code, do not change.
 *
 * @throws {@link DefinitionError} `ERR_KEYS` if a key is not a valid label key, `ERR_LABEL_RESERVED` if formats use it themselves,
 *   `ERR_LABEL_CLASH` if two constant labels would have one name, `ERR_OPTION` if a constant label is neither a string, a number nor a boolean,
 *   `ERR_PRODUCER` without `getMetrics()`.
 * @example
 * serveMetrics({ producers: [relabel(stats, { constantLabels: { app: 'shop' }, renameLabels: { 'http.route': 'route' } })] })
 */
export function relabel(producer: MetricProducer, options: RelabelOptions): MetricProducer {
  checkMethods('ERR_PRODUCER', 'producer of relabel', producer, ['getMetrics'])
  checkOptions('relabel', options, OPTIONS)
  const labels = new Relabelling(options)
  if (labels.isNothing) return producer
  return mapProducer(producer, (family) => labels.family(family) as typeof family)
}

/** The source of a label of the new descriptor: the index of the old label, or a constant value. */
type Origin = number | string

interface Relabelled {
  readonly descriptor: MetricDescriptor
  readonly origins: readonly Origin[]
}

/** Changes labels. The same source always returns the same object, so that encoders can cache its text. */
export class Relabelling {
  readonly #constant: readonly (readonly [key: string, value: string])[]
  readonly #renamed: ReadonlyMap<string, string>
  readonly #describe = memoize((given: MetricDescriptor) => this.#relabelled(given))
  readonly #source = memoize((source: RowSource): RowSource => new RelabelledSource(source, this.#describe(source.descriptor)))

  constructor({ constantLabels = {}, renameLabels = {} }: RelabelOptions) {
    const constant = constantTexts('ERR_OPTION', 'constantLabels', constantLabels)
    this.#constant = constant.map(([key, text]) => [checkKey(key), internString(text)])
    checkLabelKeys('constantLabels', Object.keys(constantLabels))
    const renamed = constantTexts('ERR_OPTION', 'renameLabels', renameLabels)
    this.#renamed = new Map(renamed.map(([key, name]) => [key, checkKey(name)]))
    for (const name of this.#renamed.values()) checkLabelKeys('renameLabels', [name])
  }

  get isNothing(): boolean {
    return this.#constant.length === 0 && this.#renamed.size === 0
  }

  family(family: Family): Family {
    return isRowSource(family) ? this.#source(family) : this.metric(family)
  }

  metric(metric: Metric): Metric {
    const { descriptor, origins } = this.#describe(metric.descriptor)
    const timeSeries = metric.timeSeries.map(
      (series): TimeSeries => ({
        ...series,
        labelValues: origins.map((origin) => (typeof origin === 'string' ? origin : series.labelValues[origin])),
      }),
    )
    return { ...metric, descriptor, timeSeries }
  }

  #relabelled(given: MetricDescriptor): Relabelled {
    const keys = [...given.labelKeys]
    for (const [at, key] of keys.entries()) {
      const name = this.#renamed.get(key)
      if (name !== undefined && !hasLabel(keys.toSpliced(at, 1), name)) keys[at] = name
    }
    const added = this.#constant.filter(([key]) => !hasLabel(keys, key))
    const origins: Origin[] = [...keys.keys()]
    const at = given.type === 'STATE_SET' ? keys.length - 1 : keys.length // the state is the last label
    keys.splice(at, 0, ...added.map(([key]) => key))
    origins.splice(at, 0, ...added.map(([, value]) => value))
    return { descriptor: Object.freeze({ ...given, labelKeys: Object.freeze(keys) }), origins }
  }
}

/** True if one of the keys is exposed under the same name as this one: Prometheus rejects a document with the same label twice. */
function hasLabel(keys: readonly string[], key: string): boolean {
  return keys.some((other) => labelName(other) === labelName(key))
}

/**
 * Returns a family with its labels in another order. The same source always returns the same object.
 * @param order The indexes of the labels, in their new order.
 */
export function reorderLabels<F extends Family>(family: F, order: readonly number[]): F {
  return (isRowSource(family) ? reorderSource(family)(order.join()) : reorderMetric(family, order)) as F
}

const reorderSource = memoize((source: RowSource) => {
  const orders = new Map<string, RowSource>()
  return (text: string): RowSource =>
    getOrInsert(orders, text, () => {
      const origins = text.split(',').map(Number)
      return new RelabelledSource(source, { descriptor: reorderDescriptor(source.descriptor, origins), origins })
    })
})

function reorderMetric(metric: Metric, order: readonly number[]): Metric {
  const timeSeries = metric.timeSeries.map((series) => ({ ...series, labelValues: order.map((at) => series.labelValues[at]) }))
  return { ...metric, descriptor: reorderDescriptor(metric.descriptor, order), timeSeries }
}

function reorderDescriptor(descriptor: MetricDescriptor, order: readonly number[]): MetricDescriptor {
  return Object.freeze({ ...descriptor, labelKeys: Object.freeze(order.map((at) => descriptor.labelKeys[at]!)) })
}

function checkKey(key: string): string {
  if (typeof key === 'string' && isKey(key)) return internString(key)
  throw new DefinitionError('ERR_KEYS', `a label key must be 1 to 255 printable ASCII characters: ${inspectValue(key)} is not`)
}

class RelabelledSource extends ForwardingSource {
  readonly #descriptor: MetricDescriptor
  readonly #chunk: (chunk: RowChunk) => RowChunk

  constructor(source: RowSource, { descriptor, origins }: Relabelled) {
    super(source)
    this.#descriptor = descriptor
    this.#chunk = memoize((chunk) => new RelabelledChunk(chunk, origins))
  }

  override get descriptor(): MetricDescriptor {
    return this.#descriptor
  }
  override get chunks(): readonly RowChunk[] {
    return this.source.chunks.map(this.#chunk)
  }
}

class RelabelledChunk implements RowChunk {
  readonly #chunk: RowChunk
  readonly #origins: readonly Origin[]
  readonly restartedIn?: (cell: number) => number
  readonly exponential?: (cell: number) => ExponentialValue | undefined
  readonly summary?: (cell: number) => SummaryValue
  readonly percentileWindows?: NonNullable<RowChunk['percentileWindows']>

  constructor(chunk: RowChunk, origins: readonly Origin[]) {
    this.#chunk = chunk
    this.#origins = origins
    if (chunk.restartedIn !== undefined) this.restartedIn = (cell) => chunk.restartedIn!(cell)
    if (chunk.exponential !== undefined) this.exponential = (cell) => chunk.exponential!(cell)
    if (chunk.summary !== undefined) this.summary = (cell) => chunk.summary!(cell)
    if (chunk.percentileWindows !== undefined) this.percentileWindows = (cell) => chunk.percentileWindows!(cell)
  }

  get size(): number {
    return this.#chunk.size
  }
  get version(): number {
    return this.#chunk.version
  }
  get newestGeneration(): number {
    return this.#chunk.newestGeneration
  }
  createdIn(cell: number): number {
    return this.#chunk.createdIn(cell)
  }
  isLive(cell: number): boolean {
    return this.#chunk.isLive(cell)
  }
  isOverflow(cell: number): boolean {
    return this.#chunk.isOverflow(cell)
  }
  labelValue(cell: number, key: number): string | undefined {
    const origin = this.#origins[key]!
    return typeof origin === 'string' ? origin : this.#chunk.labelValue(cell, origin)
  }
  lastEpoch(cell: number): number {
    return this.#chunk.lastEpoch(cell)
  }
  startTimeUnixMs(cell: number): number {
    return this.#chunk.startTimeUnixMs(cell)
  }
  value(cell: number): number {
    return this.#chunk.value(cell)
  }
  count(cell: number): number {
    return this.#chunk.count(cell)
  }
  sumOfSquaredDeviation(cell: number): number {
    return this.#chunk.sumOfSquaredDeviation(cell)
  }
  bucket(cell: number, bucket: number): number {
    return this.#chunk.bucket(cell, bucket)
  }
  exemplar(cell: number, bucket: number): Exemplar | undefined {
    return this.#chunk.exemplar(cell, bucket)
  }
}
