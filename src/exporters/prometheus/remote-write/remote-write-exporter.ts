import { ExportError } from '../../../base/errors.js'
import { errorText } from '../../../base/rate-limited-log.js'
import { RisingTime } from '../../../metrics/collection/rising-time.js'
import { runDetached } from '../../../base/suppression.js'
import { TimeSlicer } from '../../../base/time-slicer.js'
import type { FamilyExportContext, FamilyExporter } from '../../../metrics/data/family-exporter.js'
import type { Metric } from '../../../metrics/data/metric.js'
import { type Family, isVisibleIn, type RowChunk, type RowSource } from '../../../metrics/data/row-source.js'
import { rowSourcesOf } from '../../../metrics/data/snapshot-rows.js'
import { ExportCounts } from '../../export-counts.js'
import { ExportQueue } from '../../export-queue.js'
import { shownAddress } from '../../sending/destination.js'
import { HttpSender } from '../../sending/http-sender.js'
import type { Delivery, RetryLimits } from '../../sending/send-until.js'
import type { ExposedFamily } from '../format/names.js'
import { selectFamilies } from '../format/select-families.js'
import { type ExportMoment, FamilySeries, WrittenRow } from './family-series.js'
import { type EndedRow, type LiveRow, LiveSeries } from './live-series.js'
import { checkRemoteWriteOptions, type RemoteWriteExporterOptions, type RemoteWriteSettings } from './remote-write-options.js'
import { metadataRequest } from './request-writer-v1.js'
import { type Compress, loadSnappy } from './snappy-block.js'
import { Targets } from './target-labels.js'
import { type AgreedVersion, describeWriteReply, type StreamResult, WriteStream } from './write-stream.js'
import type { RequestWriter, SeriesMetadata } from './request-writer.js'

const ROWS_A_STEP = 32
const DEFAULT_TIMEOUT_MS = 30_000
/** Metadata of version 1 is sent again after this number of exports, because receivers keep it only in memory. */
const METADATA_EVERY = 10
const SHUTDOWN_TIMEOUT_MS = 5_000

/** One export that is running. */
interface Run {
  readonly stream: WriteStream
  readonly moment: ExportMoment
  /** The metadata of all families that were written, by name. */
  readonly metadata: Map<string, SeriesMetadata>
}

/**
 * Sends metrics by Prometheus remote write, to Prometheus, Mimir, VictoriaMetrics or another receiver.
 *
 * Series have the same names and labels as in a scrape of text 0.0.4, including `job` and `instance`. All samples of an export have the
 * same time. Removed series are marked as stale. There is no queue: samples that could not be delivered are lost, and the next export has
 * the new totals.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_URL`, `ERR_EXPORTER_OPTION` or `ERR_OPTION` if an option is not valid.
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/
 * @example
 * const exporter = new RemoteWriteExporter({ url: 'http://127.0.0.1:9090/api/v1/write', job: 'shop' })
 * exportPeriodically({ producers: [stats], exporter, intervalMs: 15_000 })
 */
export class RemoteWriteExporter implements FamilyExporter {
  readonly #settings: RemoteWriteSettings
  readonly #sender: HttpSender
  readonly #targets: Targets
  readonly #counts = new ExportCounts('RemoteWriteExporter')
  readonly #times = new RisingTime('RemoteWriteExporter')
  readonly #agreed: AgreedVersion
  readonly #live = new LiveSeries()
  readonly #families = new WeakMap<ExposedFamily, FamilySeries>()
  #compress: Promise<Compress> | undefined
  readonly #queue: ExportQueue
  #isDown = false
  /** The time of the last export that was delivered. Exemplars up to it are not sent again. */
  #deliveredUnixMs = Number.NEGATIVE_INFINITY
  #metadataSent = ''
  #sinceMetadata = 0

  constructor(options: RemoteWriteExporterOptions) {
    this.#settings = checkRemoteWriteOptions(options)
    this.#sender = new HttpSender(this.#settings.destination, this.#settings)
    this.#targets = new Targets(this.#settings)
    this.#queue = new ExportQueue(`writing to ${this.#place}`, this.#counts, this.#settings.maxQueuedExports)
    this.#agreed = { version: this.#settings.version === 'auto' ? undefined : this.#settings.version }
  }

  /** Sends snapshots. @throws {@link ExportError} (as a rejection) `ERR_REMOTE_WRITE_FAILED`; `ERR_EXPORTER_CLOSED` after `shutdown()`. */
  export(metrics: readonly Metric[]): Promise<void> {
    return this.exportFamilies(metrics)
  }

  /** Like {@link export}, for families, in slices of about 2 ms. Retries until `timeoutMs` of the context, or for 30 s without one. */
  exportFamilies(families: readonly Family[], context?: FamilyExportContext): Promise<void> {
    const { clock } = this.#settings
    const endsMs = clock.monotonicMs() + (context?.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    const limits: RetryLimits = { endsMs, signal: context?.signal, isLast: context?.isLast ?? false }
    const unixMs = context?.timeUnixMs
    return this.#queue.inOrder(() => runDetached(() => this.#export(families, unixMs, limits)))
  }

  /** Waits for running exports, marks all series as stale, and closes the connections. */
  shutdown(): Promise<void> {
    return this.#queue.close(async () => {
      const { staleMarkers, staleOnShutdown } = this.#settings
      try {
        if (staleMarkers && staleOnShutdown && this.#live.size > 0 && !this.#isDown) await runDetached(() => this.#endAll())
      } catch {
        this.#counts.error('ERR_REMOTE_WRITE_FAILED')
      }
      this.#sender.close()
    })
  }

  get #place(): string {
    return shownAddress(this.#settings.destination)
  }

  async #export(families: readonly Family[], unixMs: number | undefined, limits: RetryLimits): Promise<void> {
    const { exemplars, staleMarkers, clock } = this.#settings
    const timeUnixMs = this.#times.next(Math.floor(unixMs ?? clock.unixMs()))
    const moment = { timeUnixMs, exemplarsAfterUnixMs: exemplars ? this.#deliveredUnixMs : Number.POSITIVE_INFINITY }
    let result: StreamResult
    let stream: WriteStream | undefined
    try {
      stream = await this.#stream(limits)
      this.#live.begin()
      const metadata = new Map<string, SeriesMetadata>()
      await this.#writeAll({ stream, moment, metadata }, families)
      if (staleMarkers && !stream.isDown) {
        await stream.flush()
        if (!stream.isDown) await this.#writeEnds(stream, this.#live.ended(), timeUnixMs)
        this.#counts.dropped('stale_markers', this.#live.prune())
      }
      result = await stream.finish()
      if (result.undelivered === undefined) await this.#sendMetadata(stream, metadata)
    } catch (cause) {
      await stream?.settled() // the next export must not overtake requests that are sent
      const message = `metrics cannot be encoded for remote write: ${errorText(cause)}`
      throw new ExportError('ERR_REMOTE_WRITE_FAILED', message, { retryable: false, cause })
    }
    this.#isDown = result.undelivered !== undefined
    if (!this.#isDown) this.#deliveredUnixMs = timeUnixMs
    this.#throwFailure(result)
  }

  async #stream(limits: RetryLimits): Promise<WriteStream> {
    const { compress } = this.#settings
    this.#compress ??= compress === undefined ? loadSnappy() : Promise.resolve(compress)
    return new WriteStream(this.#settings, this.#sender, limits, await this.#compress, this.#agreed)
  }

  async #writeAll(run: Run, families: readonly Family[]): Promise<void> {
    const slicer = new TimeSlicer()
    for (const sending of this.#writeFamilies(run, families)) {
      if (sending !== undefined) await sending
      if (slicer.isOver) await slicer.nextSlice()
      if (run.stream.isDown) return
    }
  }

  /** Writes all rows. Yields after every few rows, and the promise of a request that must be sent before the next row is written. */
  *#writeFamilies(run: Run, families: readonly Family[]): Generator<Promise<void> | undefined> {
    for (const { members, exposed } of selectFamilies(families)) {
      for (const member of members) {
        const series = this.#seriesOf(exposed, member)
        run.metadata.set(series.name, series.metadata)
        for (const source of rowSourcesOf(member)) yield* this.#writeSource(run, series, source)
      }
    }
  }

  *#writeSource(run: Run, series: FamilySeries, source: RowSource): Generator<Promise<void> | undefined> {
    const { generation, chunks } = source
    for (const chunk of chunks) {
      for (let cell = 0; cell < chunk.size; cell++) {
        const sending = isVisibleIn(generation, chunk, cell) ? run.stream.makeRoom(series.samplesOf(source)) : undefined
        if (sending !== undefined || cell % ROWS_A_STEP === 0) yield sending
        // Meanwhile the row may have been removed, and another one may have its cell.
        if (isVisibleIn(generation, chunk, cell)) this.#writeRow(run, series, source, chunk, cell)
      }
    }
  }

  #writeRow({ stream, moment }: Run, series: FamilySeries, source: RowSource, chunk: RowChunk, cell: number): void {
    const read = (): Pick<LiveRow, 'labels' | 'shape'> => ({
      labels: series.labelsOf(chunk, cell),
      shape: series.shapeOf(source, chunk, cell),
    })
    const { labels, shape } = this.#settings.staleMarkers ? this.#live.row(series, chunk, cell, read) : read()
    stream.row((out) => series.row(new WrittenRow(out, shape, labels, moment), source, chunk, cell))
  }

  #seriesOf(exposed: ExposedFamily, { resource }: Family): FamilySeries {
    const target = this.#targets.of(resource)
    let series = this.#families.get(exposed)
    if (series === undefined || !series.isFor(exposed, target)) {
      series = new FamilySeries(exposed, target, this.#settings.nativeHistograms)
      this.#families.set(exposed, series)
    }
    return series
  }

  /** Sends stale markers for ended rows, which are kept until the receiver has accepted or refused the markers. */
  async #writeEnds(stream: WriteStream, ended: readonly EndedRow[], timeUnixMs: number): Promise<void> {
    const moment = { timeUnixMs, exemplarsAfterUnixMs: 0 }
    for (const { row, kept } of ended) {
      const settled = ({ kind }: Delivery): void => {
        if (kind !== 'undelivered') this.#live.remove(row)
      }
      await stream.makeRoom(row.shape.own.length + 4)
      if (stream.isDown) return
      stream.row((out: RequestWriter): void => row.family.stale(new WrittenRow(out, row.shape, row.labels, moment), kept), settled)
    }
  }

  async #endAll(): Promise<void> {
    const { clock, timeoutMs } = this.#settings
    const endsMs = clock.monotonicMs() + Math.min(timeoutMs, SHUTDOWN_TIMEOUT_MS)
    const stream = await this.#stream({ endsMs, isLast: true })
    this.#live.begin()
    await this.#writeEnds(stream, this.#live.ended(), this.#times.next(Math.floor(clock.unixMs())))
    await stream.finish()
  }

  /** Sends metadata of version 1 in a separate request: with the first export, after a change, and every {@link METADATA_EVERY} exports. */
  async #sendMetadata(stream: WriteStream, metadata: ReadonlyMap<string, SeriesMetadata>): Promise<void> {
    if (!this.#settings.metadata || this.#agreed.version !== 1 || metadata.size === 0) return
    const text = JSON.stringify([...metadata])
    if (text === this.#metadataSent && ++this.#sinceMetadata < METADATA_EVERY) return
    this.#sinceMetadata = 0
    this.#metadataSent = ''
    if (await stream.extra(metadataRequest(metadata))) this.#metadataSent = text
    else this.#counts.dropped('metadata', metadata.size)
  }

  #throwFailure({ undelivered, refusal, unwritten }: StreamResult): void {
    const fail = (why: string, retryable: boolean, retryAfterMs?: number): never => {
      this.#counts.error('ERR_REMOTE_WRITE_FAILED')
      throw new ExportError('ERR_REMOTE_WRITE_FAILED', `writing to ${this.#place} failed: ${why}`, { retryable, retryAfterMs })
    }
    if (undelivered !== undefined) fail(undelivered.message, true, undelivered.retryAfterMs)
    if (refusal !== undefined) fail(describeWriteReply(refusal), false)
    if (unwritten > 0)
      fail(`the receiver did not write ${unwritten} samples; a receiver of remote write 1.0 writes none of a 2.0 request`, false)
  }
}
