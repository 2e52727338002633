import { count, distribution } from '../../stats/views/aggregation.js'
import type { Measure } from '../../stats/recording/measure.js'
import type { BoundMeasure } from '../../stats/recording/record.js'
import type { Stats } from '../../stats/stats.js'
import type { Aggregation } from '../../stats/views/aggregation.js'
import { type SpanKind, spanKindName } from '../data/span-kind.js'
import { StatusCode, statusCodeName } from '../data/status-code.js'

type SpanTag = 'span' | 'kind' | 'status'

const TAG_KEYS: readonly SpanTag[] = ['span', 'kind', 'status']
const SPAN_KINDS = 3
const STATUS_CODES = Object.keys(StatusCode).length

/** Limit of names with cached handles. Spans with further names are recorded more slowly. */
const MAX_NAMES = 2_000

/** A view of a span measure, for any `Stats`. */
export interface SpanView {
  readonly name: string
  /** `span/latency` or `span/errors`. */
  readonly measure: string
  readonly tagKeys: readonly SpanTag[]
  readonly aggregation: Aggregation
  readonly description: string
}

/**
 * Views of rate, errors and duration of spans: `span/latency` in seconds, whose count is the rate, and `span/errors`, both by span name,
 * kind and status. Registered by `tracer.registerViews()`.
 */
export const spanViews: readonly SpanView[] = Object.freeze([
  {
    name: 'span/latency',
    measure: 'span/latency',
    tagKeys: TAG_KEYS,
    aggregation: distribution([0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
    description: 'Time from start to end of spans, sampled or not',
  },
  {
    name: 'span/errors',
    measure: 'span/errors',
    tagKeys: TAG_KEYS,
    aggregation: count(),
    description: 'Spans that ended with a status other than OK, sampled or not',
  },
])

/** Records the latency and errors of ended spans. */
export class SpanLatency {
  private readonly stats: Stats
  private readonly latency: Measure<SpanTag>
  private readonly errors: Measure<SpanTag>
  /** Handles by span name, then by kind and status, so that a look-up makes no string. */
  private readonly handles = new Map<string, (BoundMeasure<SpanTag> | undefined)[]>()
  /** Consecutive spans often have the same name. */
  private lastName: string | undefined = undefined
  private lastHandles: (BoundMeasure<SpanTag> | undefined)[] = []

  constructor(stats: Stats) {
    this.stats = stats
    this.latency = stats.measure('span/latency', {
      unit: 's',
      description: 'Time from start to end of a span',
      tagKeys: TAG_KEYS,
    })
    this.errors = stats.measure('span/errors', {
      unit: '1',
      type: 'int64',
      description: 'A span that ended with a status other than OK',
      tagKeys: TAG_KEYS,
    })
  }

  /** True while one of the views is registered. Otherwise spans do not read the clock. */
  get hasViews(): boolean {
    return this.latency.hasViews || this.errors.hasViews
  }

  registerViews(): void {
    for (const { measure, ...view } of spanViews) {
      this.stats.viewManager.registerView({ ...view, measure: measure === 'span/latency' ? this.latency : this.errors })
    }
  }

  record(name: string, kind: SpanKind, code: StatusCode, durationMs: number): void {
    if (code !== StatusCode.OK && this.errors.hasViews) this.stats.record(this.errors, 1, tagsOf(name, kind, code))
    if (this.latency.hasViews) this.recordLatency(name, kind, code, durationMs / 1_000)
  }

  private recordLatency(name: string, kind: SpanKind, code: StatusCode, seconds: number): void {
    const handles = name === this.lastName ? this.lastHandles : this.handlesOf(name)
    if (handles === undefined) return this.stats.record(this.latency, seconds, tagsOf(name, kind, code))
    const index = kind * STATUS_CODES + code
    const handle = (handles[index] ??= this.stats.bind(this.latency, tagsOf(name, kind, code)))
    handle.record(seconds)
  }

  private handlesOf(name: string): (BoundMeasure<SpanTag> | undefined)[] | undefined {
    let handles = this.handles.get(name)
    if (handles === undefined) {
      if (this.handles.size >= MAX_NAMES) return undefined
      handles = new Array<undefined>(SPAN_KINDS * STATUS_CODES).fill(undefined)
      this.handles.set(name, handles)
    }
    this.lastName = name
    this.lastHandles = handles
    return handles
  }
}

function tagsOf(name: string, kind: SpanKind, code: StatusCode): { readonly [key in SpanTag]: string } {
  return { span: name, kind: spanKindName(kind), status: statusCodeName(code) }
}
