import type { MetricDescriptor } from '../../metrics/data/metric.js'
import { type ProtobufWriter, tag } from '../protobuf-writer.js'
import { writeAttribute } from './attributes.js'
import { ITEM } from './envelope.js'

// Fields of opentelemetry.proto.metrics.v1: Metric, and those that all kinds of data share.
const NAME = tag(1, 2)
const DESCRIPTION = tag(2, 2)
const UNIT = tag(3, 2)
const DATA: Readonly<Record<DataKind, number>> = {
  gauge: tag(5, 2),
  sum: tag(7, 2),
  histogram: tag(9, 2),
  exponential: tag(10, 2),
  summary: tag(11, 2),
}
const METADATA = tag(12, 2)
const TEMPORALITY = tag(2, 0)
const IS_MONOTONIC = tag(3, 0)
const DELTA = 1
const CUMULATIVE = 2

export type DataKind = 'gauge' | 'sum' | 'histogram' | 'exponential' | 'summary'

/** Bytes of the lengths of a metric and of its data, in a part of ordinary size. */
const LENGTH_BYTES = 3

/** The fields of a metric before and after its points: the constructor writes the former, `close` the latter. */
export class OpenMetric {
  readonly descriptor: MetricDescriptor
  readonly kind: DataKind
  readonly isDelta: boolean
  readonly #out: ProtobufWriter
  readonly #metric: number
  readonly #data: number

  constructor(out: ProtobufWriter, descriptor: MetricDescriptor, kind: DataKind, isDelta: boolean) {
    this.descriptor = descriptor
    this.kind = kind
    this.isDelta = isDelta
    this.#out = out
    this.#metric = out.open(ITEM, LENGTH_BYTES)
    out.string(NAME, descriptor.name)
    if (descriptor.description) out.string(DESCRIPTION, descriptor.description)
    const unit = sentUnit(descriptor)
    if (unit !== '') out.string(UNIT, unit)
    this.#data = out.open(DATA[kind], LENGTH_BYTES)
  }

  close(): void {
    const out = this.#out
    const { type } = this.descriptor
    if (this.kind === 'sum' || this.kind === 'histogram' || this.kind === 'exponential') {
      out.uint(TEMPORALITY, this.isDelta ? DELTA : CUMULATIVE)
      if (this.kind === 'sum' && isMonotonic(this.descriptor)) out.uint(IS_MONOTONIC, 1)
    }
    out.close(this.#data, LENGTH_BYTES)
    if (type === 'INFO' || type === 'STATE_SET') writeAttribute(out, METADATA, 'prometheus.type', type === 'INFO' ? 'info' : 'stateset')
    out.close(this.#metric, LENGTH_BYTES)
  }
}

/** The OTLP kind of a scalar metric. INFO and STATE_SET become non-monotonic sums. */
export function scalarKind({ type }: MetricDescriptor): 'gauge' | 'sum' {
  return type.startsWith('GAUGE') ? 'gauge' : 'sum'
}

export function isMonotonic({ type }: MetricDescriptor): boolean {
  return type.startsWith('CUMULATIVE')
}

/** Omits the unit 1 of gauges, for which receivers that convert to Prometheus would append `_ratio` to the name. */
function sentUnit(descriptor: MetricDescriptor): string {
  return descriptor.unit === '1' && !isMonotonic(descriptor) ? '' : (descriptor.unit ?? '')
}
