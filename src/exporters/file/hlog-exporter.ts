import { checkClock, checkRequiredOptions, type OptionNames } from '../../base/check-options.js'
import { errorText } from '../../base/rate-limited-log.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { ExportError } from '../../base/errors.js'
import type { Exporter } from '../../base/exporter.js'
import { processEnd } from '../../base/process-end.js'
import type { Metric, SummaryInterval } from '../../metrics/data/metric.js'
import { ExportCounts } from '../export-counts.js'
import { checkFileName } from '../exporter-options.js'
import { hlogHead, type HlogInterval, hlogIntervals, hlogLine } from './hlog-text.js'
import type { WrittenLines } from './line-file.js'
import { acquireQueue, type LineQueue, releaseQueue } from './line-queue.js'

export interface HlogExporterOptions {
  /** The file. The constructor resolves a relative path against the working directory. */
  readonly path: string
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<HlogExporterOptions> = { path: true, clock: true }

interface SeriesLog {
  /**
   * The start times of the last intervals that were written. They identify an interval: it may begin before the end of the one before,
   * because the wall clock has whole milliseconds and is adjusted.
   */
  readonly written: Set<number>
  /** The interval that is not over. */
  open: SummaryInterval | undefined
}

/** The maximum number of remembered series. Beyond it, a line may be written twice. */
const MAX_SERIES = 10_000
/** The maximum number of remembered intervals of a series. A view has at most 61. */
const MAX_INTERVALS = 128

/**
 * Appends the histograms of percentiles to a histogram log (`.hlog`) for the tools of HdrHistogram. Only metrics of views with
 * `percentiles({ intervals: true })` are written.
 *
 * Each interval is written as one line once it is over; `shutdown` writes the current one. Values are integer multiples of the view's
 * `lowest`: if that is 1e-9, divide by 1e9 to get seconds.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if the path is missing.
 * @example
 * exportPeriodically({ producers: [stats], exporter: new HlogExporter({ path: 'latency.hlog' }) })
 */
export class HlogExporter implements Exporter<Metric> {
  readonly path: string
  readonly #clock: Clock
  readonly #queue: LineQueue
  readonly #series = new Map<string, SeriesLog>()
  readonly #counts = new ExportCounts('HlogExporter')
  /** The intervals of running exports. */
  readonly #writing = new Set<readonly HlogInterval[]>()
  #headWritten = false
  #shutdown: Promise<void> | undefined

  constructor(options: HlogExporterOptions) {
    checkRequiredOptions('HlogExporter', options, OPTIONS)
    checkClock('HlogExporter', options.clock)

    const { path, clock = systemClock } = options
    this.path = checkFileName(path)
    this.#clock = clock
    this.#queue = acquireQueue({
      path,
      maxBytes: Number.MAX_SAFE_INTEGER,
      maxFiles: 1,
      mode: undefined,
      followLinks: false,
      onReopen: () => {
        this.#headWritten = false
      },
      clock,
    })
  }

  /**
   * Resolves when all intervals that are over are in the file.
   * @throws {@link ExportError} (as a rejection) `ERR_FILE_APPEND` if they could not be written. The next export retries them, as long as
   *   the view still has them. `ERR_EXPORTER_CLOSED` after `shutdown()`.
   */
  async export(metrics: readonly Metric[]): Promise<void> {
    await this.#write(this.#take(metrics))
  }

  /** Like {@link export}, but synchronous. If the process is ending, current intervals are written too. Throws if `export` would reject. */
  exportSync(metrics: readonly Metric[]): void {
    const due = this.#take(metrics)
    const intervals = processEnd.isNow ? [...due, ...this.#open()] : due
    if (intervals.length === 0) return
    const lines = this.#linesOf(intervals)
    this.#finish(intervals, lines.length, this.#queue.file.appendSync(lines))
  }

  /** Writes the intervals of running exports synchronously. Throws if some of them cannot be written. */
  flushSync(): void {
    const { error } = this.#queue.flushSync()
    if (error !== undefined) {
      this.#counts.error('ERR_FILE_APPEND')
      const message = `cannot append the last histograms to ${this.path}: ${errorText(error)}`
      throw new ExportError('ERR_FILE_APPEND', message, { retryable: false, cause: error })
    }
    // The calls of `export` that wait for these lines may not continue before the process ends.
    for (const intervals of this.#writing) this.#remember(intervals)
  }

  #take(metrics: readonly Metric[]): HlogInterval[] {
    if (this.#shutdown !== undefined) {
      throw new ExportError('ERR_EXPORTER_CLOSED', `cannot append to ${this.path}: the exporter is shut down`, { retryable: false })
    }
    const due: HlogInterval[] = []
    for (const found of metrics.flatMap((metric) => this.#intervalsOf(metric))) {
      const series = this.#seriesOf(found.tag)
      if (!found.interval.closed) series.open = found.interval
      else if (!series.written.has(found.interval.startTimeUnixMs)) due.push(found)
    }
    return due
  }

  /** Writes the current intervals and closes the file. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#close()
    return this.#shutdown
  }

  async #close(): Promise<void> {
    try {
      await this.#write(this.#open())
    } finally {
      await releaseQueue(this.path, async () => {})
    }
  }

  /** The intervals that are not over. */
  #open(): HlogInterval[] {
    const open: HlogInterval[] = []
    for (const [tag, { open: interval, written }] of this.#series) {
      if (interval !== undefined && !written.has(interval.startTimeUnixMs)) open.push({ tag, interval })
    }
    return open
  }

  /** The intervals of a metric. A metric whose properties throw is dropped and counted. */
  #intervalsOf(metric: Metric): HlogInterval[] {
    try {
      return hlogIntervals(metric)
    } catch {
      this.#counts.dropped('unserialisable', 1)
      return []
    }
  }

  #seriesOf(tag: string): SeriesLog {
    let series = this.#series.get(tag)
    if (series === undefined) {
      series = { written: new Set(), open: undefined }
      const oldest = this.#series.keys().next()
      if (this.#series.size >= MAX_SERIES && oldest.done !== true) this.#series.delete(oldest.value)
      this.#series.set(tag, series)
    }
    return series
  }

  async #write(intervals: readonly HlogInterval[]): Promise<void> {
    if (intervals.length === 0) return
    const lines = this.#linesOf(intervals)
    this.#writing.add(intervals)
    try {
      this.#finish(intervals, lines.length, await this.#queue.write(lines))
    } finally {
      this.#writing.delete(intervals)
    }
  }

  #linesOf(intervals: readonly HlogInterval[]): Buffer[] {
    const head = this.#headWritten ? [] : [hlogHead(this.#clock.unixMs())]
    return [...head, ...intervals.map(hlogLine)].map((line) => Buffer.from(line))
  }

  #finish(intervals: readonly HlogInterval[], lines: number, written: WrittenLines): void {
    const delivered = Math.max(0, written.lines - (lines - intervals.length))
    if (written.lines > 0) this.#headWritten = true
    this.#remember(intervals.slice(0, delivered))
    this.#counts.exported(delivered)
    if (written.lines === lines) return
    this.#counts.error('ERR_FILE_APPEND')
    const message = `cannot append ${intervals.length - delivered} of ${intervals.length} histograms to ${this.path}: ${errorText(written.error)}`
    throw new ExportError('ERR_FILE_APPEND', message, { retryable: true, cause: written.error })
  }

  #remember(intervals: readonly HlogInterval[]): void {
    if (intervals.length > 0) this.#headWritten = true
    for (const { tag, interval } of intervals) {
      const series = this.#seriesOf(tag)
      series.written.add(interval.startTimeUnixMs)
      if (series.open?.startTimeUnixMs === interval.startTimeUnixMs) series.open = undefined
      if (series.written.size > MAX_INTERVALS) series.written.delete(series.written.values().next().value!)
    }
  }
}
