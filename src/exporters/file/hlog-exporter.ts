import { checkRequiredOptions, type OptionNames } from '../../base/check-options.js'
import { errorText } from '../../base/rate-limited-log.js'
import { inspectValue } from '../../base/inspect-value.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { DefinitionError, ExportError } from '../../base/errors.js'
import type { Exporter } from '../../base/exporter.js'
import { processEnd } from '../../base/logger.js'
import { startTimer } from '../../base/timer.js'
import type { Metric, SummaryInterval } from '../../metrics/data/metric.js'
import { ExportCounts } from '../export-counts.js'
import { hlogHead, type HlogInterval, hlogIntervals, hlogLine } from './hlog-text.js'
import type { WrittenLines } from './line-file.js'
import { acquireQueue, type LineQueue, releaseQueue } from './line-queue.js'

export interface HlogExporterOptions {
  /** The file. A relative path is resolved against the working directory when the exporter is made. */
  readonly path: string
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<HlogExporterOptions> = { path: true, clock: true }

/** What is known of one series: how far it is written, and what was recorded since. */
interface SeriesLog {
  writtenUntilUnixMs: number
  open: SummaryInterval | undefined
}

/** Series that are remembered; of more than these a line may be written twice. */
const MAX_SERIES = 10_000

/**
 * Appends the histograms behind percentiles to a histogram log (`.hlog`), which the tools of HdrHistogram read, plot and
 * add up. It takes the metrics of views with `percentiles({ intervals: true })` and passes over all others.
 *
 * Each window becomes one line once it is over, and what is open when the exporter is shut down becomes the last. Values are
 * whole numbers of the view's `lowest`: divide by 1e9 to have seconds again.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` for a missing path.
 * @example
 * exportPeriodically({ producers: [stats], exporter: new HlogExporter({ path: 'latency.hlog' }) })
 */
export class HlogExporter implements Exporter<Metric> {
  readonly path: string
  readonly #clock: Clock
  readonly #queue: LineQueue
  readonly #series = new Map<string, SeriesLog>()
  readonly #counts = new ExportCounts('HlogExporter')
  /** What `flushSync` may write in the middle of an `export`. */
  readonly #writing = new Set<readonly HlogInterval[]>()
  #headWritten = false
  #shutdown: Promise<void> | undefined

  constructor(options: HlogExporterOptions) {
    checkRequiredOptions('HlogExporter', options, OPTIONS)

    const { path, clock = systemClock } = options
    if (typeof path !== 'string' || path === '' || path.includes('\0')) {
      throw new DefinitionError('ERR_EXPORTER_OPTION', `path must be the name of a file: it is ${inspectValue(path)}`)
    }
    this.path = path
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
      pause: (delayMs) => new Promise((resume) => void startTimer(clock, delayMs, resume, { keepAlive: true })),
    })
  }

  /**
   * Resolves when the windows that are over are in the file.
   * @throws {@link ExportError} (as a rejection) `ERR_FILE_APPEND` when they could not be written; they are tried again with
   *   the next export while the view still shows them. `ERR_EXPORTER_CLOSED` after `shutdown()`.
   */
  async export(metrics: readonly Metric[]): Promise<void> {
    await this.#write(this.#take(metrics))
  }

  /** As {@link export}, at once. When the process ends, what is still open is written too. Throws if `export` rejects. */
  exportSync(metrics: readonly Metric[]): void {
    const due = this.#take(metrics)
    const intervals = processEnd.isNow ? [...due, ...this.#open()] : due
    if (intervals.length === 0) return
    const lines = this.#linesOf(intervals)
    this.#finish(intervals, lines.length, this.#queue.file.appendSync(lines))
  }

  /** Writes what `export` has been given and has not written yet. Throws if some of it cannot be written. */
  flushSync(): void {
    const { error } = this.#queue.flushSync()
    if (error !== undefined) {
      this.#counts.error('ERR_FILE_APPEND')
      const message = `cannot append the last histograms to ${this.path}: ${errorText(error)}`
      throw new ExportError('ERR_FILE_APPEND', message, { retryable: false, cause: error })
    }
    // The calls that wait for these lines do not continue before the process ends.
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
      else if (found.interval.startTimeUnixMs >= series.writtenUntilUnixMs) due.push(found)
    }
    return due
  }

  /** Writes what is still open and closes the file. */
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

  /** Windows that are not over. */
  #open(): HlogInterval[] {
    const open: HlogInterval[] = []
    for (const [tag, { open: interval, writtenUntilUnixMs }] of this.#series) {
      if (interval !== undefined && interval.startTimeUnixMs >= writtenUntilUnixMs) open.push({ tag, interval })
    }
    return open
  }

  /** None, and counted, of a metric that cannot be read. */
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
      series = { writtenUntilUnixMs: 0, open: undefined }
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
      series.writtenUntilUnixMs = Math.max(series.writtenUntilUnixMs, interval.endTimeUnixMs)
    }
  }
}
