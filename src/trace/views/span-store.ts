import { getOrInsert } from '../../base/get-or-insert.js'
import { internString } from '../../base/strings/intern-string.js'
import { BoundedList } from '../data/bounded-list.js'
import { type RunningSpan, RunningSpans } from './running-spans.js'
import type { SpanData } from '../data/span-data.js'
import type { SpanRecord } from '../data/span-record.js'
import { StatusCode, statusCodeName } from '../data/status-code.js'

/** Lower bounds of the latency buckets, in milliseconds. */
const SUMMARY_BUCKETS_MS: readonly number[] = Object.freeze([0, 0.01, 0.1, 1, 10, 100, 1_000, 10_000, 60_000])

const UPPER_MS = Float64Array.from([...SUMMARY_BUCKETS_MS.slice(1), Infinity])

export interface SpanSummaryOptions {
  /** Limit of span names. Spans with further names have no samples. Default 128. */
  readonly names?: number
  /** Number of newest samples in each bucket. Default 5. */
  readonly samplesPerBucket?: number
  /** Time between two samples of a bucket, in milliseconds. Default 1 000. */
  readonly sampleIntervalMs?: number
  /** Limit of running spans. The newest are listed. Default 1 000. */
  readonly running?: number
}

export interface SummaryBucket {
  /** Number of sampled spans in this bucket. */
  readonly count: number
  /** Some of them, oldest first. */
  readonly samples: readonly SpanData[]
}

export interface LatencyBucket extends SummaryBucket {
  readonly fromMs: number
  /** Infinity in the last bucket. */
  readonly toMs: number
}

export interface ErrorBucket extends SummaryBucket {
  readonly code: StatusCode
  /** Name of the code. */
  readonly status: string
}

export interface SpanNameSummary {
  readonly name: string
  readonly running: readonly RunningSpan[]
  /** Spans with status OK, by latency. */
  readonly latency: readonly LatencyBucket[]
  /** Spans with another status, by status. */
  readonly errors: readonly ErrorBucket[]
}

class Bucket implements SummaryBucket {
  count = 0
  private readonly kept: BoundedList<SpanData>
  private lastMs = Number.NEGATIVE_INFINITY

  constructor(samples: number) {
    this.kept = new BoundedList(samples)
  }

  get samples(): readonly SpanData[] {
    return this.kept.toArray()
  }

  sample(data: SpanData, { endMs, details, status }: SpanRecord, intervalMs: number): void {
    const sinceLastMs = endMs! - this.lastMs
    if (sinceLastMs >= 0 && sinceLastMs < intervalMs) return // below 0: a given end time was in the future
    this.lastMs = endMs!
    details?.releaseLongStrings()
    if (status.message !== undefined) internString(status.message)
    this.kept.append(data)
  }
}

class NameBuckets {
  readonly latency: (Bucket | undefined)[] = SUMMARY_BUCKETS_MS.map(() => undefined)
  readonly errors = new Map<StatusCode, Bucket>()
}

/**
 * Keeps running spans, and samples by latency and by error for each span name, for inspection. Samples are taken at a limited rate, so that
 * most spans only cost a look-up by name.
 */
export class SpanStore {
  private readonly names = new Map<string, NameBuckets>()
  /** Consecutive spans often have the same name. */
  private lastName: string | undefined = undefined
  private lastBuckets: NameBuckets | undefined = undefined
  private readonly running: RunningSpans
  private readonly maxNames: number
  private readonly samplesPerBucket: number
  private readonly sampleIntervalMs: number

  constructor(options: SpanSummaryOptions = {}) {
    this.maxNames = options.names ?? 128
    this.samplesPerBucket = options.samplesPerBucket ?? 5
    this.sampleIntervalMs = options.sampleIntervalMs ?? 1_000
    this.running = new RunningSpans(Math.max(1, Math.floor(options.running ?? 1_000)))
  }

  /** @internal */
  started(record: SpanRecord): void {
    this.running.add(record)
  }

  /** @internal */
  ended(record: SpanRecord, data: SpanData, code: StatusCode, durationMs: number): void {
    this.running.remove(record)
    const { name } = record
    const buckets = name === this.lastName ? this.lastBuckets : this.bucketsOf(name)
    if (buckets === undefined) return
    const bucket = code === StatusCode.OK ? this.latencyBucket(buckets, durationMs) : this.errorBucket(buckets, code)
    bucket.count++
    bucket.sample(data, record, this.sampleIntervalMs)
  }

  private bucketsOf(name: string): NameBuckets | undefined {
    let buckets = this.names.get(name)
    if (buckets === undefined && this.names.size < this.maxNames) {
      buckets = new NameBuckets()
      this.names.set(name, buckets)
    }
    this.lastName = name
    this.lastBuckets = buckets
    return buckets
  }

  private latencyBucket(buckets: NameBuckets, durationMs: number): Bucket {
    let at = 0
    while (durationMs >= UPPER_MS[at]! && at < UPPER_MS.length - 1) at++
    return (buckets.latency[at] ??= new Bucket(this.samplesPerBucket))
  }

  private errorBucket(buckets: NameBuckets, code: StatusCode): Bucket {
    return getOrInsert(buckets.errors, code, () => new Bucket(this.samplesPerBucket))
  }

  /** Summaries by name, in the order in which names first ended; names with only running spans come last. */
  read(nowMs: number): SpanNameSummary[] {
    const running = new Map<string, RunningSpan[]>()
    for (const span of this.running.read(nowMs)) getOrInsert(running, span.name, () => []).push(span)
    const names = new Set([...this.names.keys(), ...running.keys()])
    return Array.from(names, (name) => ({ name, running: running.get(name) ?? [], ...bucketsOf(this.names.get(name)) }))
  }
}

function bucketsOf(buckets: NameBuckets | undefined): Pick<SpanNameSummary, 'latency' | 'errors'> {
  return {
    latency: SUMMARY_BUCKETS_MS.map((fromMs, at) => {
      const bucket = buckets?.latency[at]
      return { fromMs, toMs: SUMMARY_BUCKETS_MS[at + 1] ?? Infinity, count: bucket?.count ?? 0, samples: bucket?.samples ?? [] }
    }),
    errors: Array.from(buckets?.errors ?? [], ([code, { count, samples }]) => ({ code, status: statusCodeName(code), count, samples })),
  }
}
