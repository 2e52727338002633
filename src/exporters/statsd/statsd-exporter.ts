import { ExportError } from '../../base/errors.js'
import { errorText } from '../../base/rate-limited-log.js'
import { runDetached } from '../../base/suppression.js'
import { TimeSlicer } from '../../base/time-slicer.js'
import { shortPause } from '../../base/timer.js'
import { TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import type { FamilyExportContext, FamilyExporter } from '../../metrics/data/family-exporter.js'
import type { Metric } from '../../metrics/data/metric.js'
import { type Family, isVisibleIn, type RowSource } from '../../metrics/data/row-source.js'
import { rowSourcesOf } from '../../metrics/data/snapshot-rows.js'
import { ExportCounts } from '../export-counts.js'
import { ExportQueue } from '../export-queue.js'
import type { Packet } from './packet-packer.js'
import { isTooLarge, type PacketSender } from './packet-sender.js'
import { StatsdLines } from './statsd-lines.js'
import { type CheckedOptions, checkStatsdOptions, type StatsdExporterOptions } from './statsd-options.js'
import { StreamSender } from './stream-sender.js'
import { UdpSender } from './udp-sender.js'
import { UnixDatagramSender, type UnixDatagrams } from './unix-datagram-sender.js'

/**
 * Packets that are sent at once, and the delay before the next ones over UDP. 32 per millisecond are about 800,000 lines per second, more
 * than servers read, and the default receive buffer of Linux, 212 992 bytes, holds those of 5 ms.
 */
const PACKETS_A_BATCH = 32
const PAUSE_MS = 1
const ROWS_A_STEP = 32

/**
 * Sends metrics as lines of StatsD or DogStatsD.
 *
 * Cumulative metrics, and the counts and sums of distributions and summaries, are sent as counters: the increment since the last
 * successful export. Gauges are sent in each export. A new exporter sends the whole counts, so keep one exporter per producer.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` or `ERR_OPTION` if an option is not valid.
 * @example
 * exportPeriodically({ producers: [stats], exporter: new StatsdExporter({ prefix: 'shop' }), intervalMs: 10_000 })
 */
export class StatsdExporter implements FamilyExporter {
  readonly #options: CheckedOptions
  readonly #sender: PacketSender
  readonly #counts = new ExportCounts('StatsdExporter')
  readonly #lines: StatsdLines
  readonly #queue: ExportQueue

  constructor(options: StatsdExporterOptions = {}) {
    this.#options = checkStatsdOptions(options)
    this.#sender = senderFor(this.#options)
    this.#queue = new ExportQueue(`exporting to ${this.#place}`, this.#counts, this.#options.maxQueuedExports)
    this.#lines = new StatsdLines(this.#options, this.#counts)
  }

  /** Sends snapshots. @throws {@link ExportError} (as a rejection) `ERR_STATSD_FAILED`; `ERR_EXPORTER_CLOSED` after `shutdown()`. */
  export(metrics: readonly Metric[]): Promise<void> {
    return this.exportFamilies(metrics)
  }

  /** Like {@link export}, for families, in slices of about 2 ms. */
  exportFamilies(families: readonly Family[], context?: Pick<FamilyExportContext, 'timeoutMs'>): Promise<void> {
    const endsMs = this.#options.clock.monotonicMs() + (context?.timeoutMs ?? Number.POSITIVE_INFINITY)
    // One after another, so that no delta is sent twice.
    return this.#queue.inOrder(() => runDetached(() => this.#export(families, endsMs)))
  }

  /** Waits for running exports, then closes the socket. */
  shutdown(): Promise<void> {
    return this.#queue.close(() => this.#sender.reset())
  }

  get #place(): string {
    const { protocol, path, host, port } = this.#options
    return `${protocol} ${path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`}`
  }

  async #export(families: readonly Family[], endsMs: number): Promise<void> {
    const slicer = new TimeSlicer()
    const packer = this.#lines.begin()
    let isComplete = false
    try {
      for (const source of families.flatMap(rowSourcesOf)) {
        for (const _ of this.#rows(source)) {
          if (packer.fullPackets >= PACKETS_A_BATCH) await this.#send(packer.takeFull(), endsMs)
          if (slicer.isOver) await slicer.nextSlice()
        }
      }
      isComplete = true
      await this.#send(packer.takeRest(), endsMs)
    } catch (cause) {
      if (cause instanceof ExportError) throw cause
      throw new ExportError('ERR_STATSD_FAILED', `metrics cannot be written as lines: ${errorText(cause)}`, { retryable: false, cause })
    } finally {
      this.#lines.end(isComplete)
    }
  }

  /** Writes the rows of a source. Yields after every few rows. */
  *#rows(source: RowSource): Generator<void> {
    const { generation } = source
    for (const chunk of source.chunks) {
      for (let cell = 0; cell < chunk.size; cell++) {
        if (isVisibleIn(generation, chunk, cell)) this.#lines.row(source, chunk, cell)
        if (cell % ROWS_A_STEP === 0) yield
      }
    }
  }

  /** Sends packets in batches. A batch that fails is retried once, since the connection may have been lost after the last export. */
  async #send(packets: readonly Packet[], endsMs: number): Promise<void> {
    for (let at = 0; at < packets.length; at += PACKETS_A_BATCH) {
      const batch = packets.slice(at, at + PACKETS_A_BATCH)
      let sending = await this.#sendBatch(batch, endsMs)
      if (sending.left.length > 0 && !sending.isLate) sending = await this.#sendBatch(sending.left, endsMs)
      if (sending.left.length === 0) {
        if (this.#options.protocol === 'udp' && batch.length === PACKETS_A_BATCH) await shortPause(PAUSE_MS)
        continue
      }
      this.#counts.error('ERR_STATSD_FAILED')
      const message = `sending to ${this.#place} failed: ${errorText(sending.fault)}; the next export includes these increments`
      throw new ExportError('ERR_STATSD_FAILED', message, { retryable: true, cause: sending.fault })
    }
  }

  /** Sends a batch and commits the packets that were sent. A packet that is too large for the transport is dropped. */
  async #sendBatch(batch: readonly Packet[], endsMs: number): Promise<Sending> {
    const { clock } = this.#options
    const timeoutMs = Math.min(this.#options.timeoutMs, endsMs - clock.monotonicMs())
    // Packets whose sending cannot be waited for would arrive and be sent again.
    if (timeoutMs <= 0) return { left: batch, fault: new Error('there was no time left'), isLate: true }
    const sending = this.#sender.send(batch.map(({ text }) => Buffer.from(text)))
    const faults = await withTimeout(sending, { timeoutMs, clock, keepAlive: true })
    if (faults === TIMED_OUT) {
      this.#sender.reset()
      return { left: batch, fault: new Error(`timed out after ${Math.round(timeoutMs)} ms`), isLate: true }
    }
    const left: Packet[] = []
    let leftFault: unknown
    for (const [at, packet] of batch.entries()) {
      const fault = faults[at]
      if (fault === undefined) {
        packet.commit()
        this.#counts.exported(packet.lines)
      } else if (isTooLarge(fault)) {
        this.#counts.dropped('too_large', packet.lines)
      } else {
        left.push(packet)
        leftFault ??= fault
      }
    }
    return { left, fault: leftFault, isLate: false }
  }
}

interface Sending {
  /** The packets that were not sent. */
  readonly left: readonly Packet[]
  /** The error of the first of them. */
  readonly fault: unknown
  readonly isLate: boolean
}

function senderFor({ protocol, path = '', host, port, clock }: CheckedOptions): PacketSender {
  switch (protocol) {
    case 'udp':
      return new UdpSender(host, port, clock)
    case 'tcp':
      return new StreamSender({ host, port }, 'lineFeed')
    case 'unixStream':
      return new StreamSender({ path }, 'length')
    case 'unixDatagram':
      return new UnixDatagramSender(path, loadUnixDatagrams)
  }
}

async function loadUnixDatagrams(): Promise<UnixDatagrams> {
  try {
    // @ts-expect-error: the package has no types
    const loaded = (await import(/* webpackIgnore: true */ 'unix-dgram')) as UnixDatagrams & { readonly default?: UnixDatagrams }
    return loaded.default ?? loaded
  } catch (cause) {
    throw new Error(`protocol unixDatagram needs the package unix-dgram, unixStream needs none: ${errorText(cause)}`, { cause })
  }
}
