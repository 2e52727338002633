import { checkNumber, checkRequiredOptions, type OptionNames } from '../../base/check-options.js'
import { inspectValue } from '../../base/inspect-value.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { DefinitionError, ExportError } from '../../base/errors.js'
import type { Exporter, Transport } from '../../base/exporter.js'
import { errorText, RateLimitedLog } from '../../base/rate-limited-log.js'
import type { Logger } from '../../base/logger.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { inNextTurn, startTimer } from '../../base/timer.js'
import { ExportCounts } from '../export-counts.js'
import { type JsonLine, jsonLine } from '../json-lines.js'
import { Batch } from './line-batch.js'
import type { LineFile, WrittenLines } from './line-file.js'
import { acquireQueue, type LineQueue, releaseQueue } from './line-queue.js'
import { UnfinishedExport } from './unfinished-export.js'

const FSYNC = ['never', 'shutdown', 'export'] as const

export interface FileExporterOptions {
  /** The file. A relative path is resolved against the working directory when the exporter is made. */
  readonly path: string
  /**
   * Size of the file in bytes, from 1. Before it would grow beyond it, the file is renamed to `path.1`, `path.1` to `path.2`, and so on.
   * Use it only if one process writes the file. Default: no rotation.
   */
  readonly maxBytes?: number
  /**
   * Files kept by rotation, the current one included, 1 … 1 000. Numbered files that this exporter cannot have written are not touched.
   * After a lower number is set, older files are removed at the next rotation. Default 5.
   */
  readonly maxFiles?: number
  /** Bytes in the queue of lines to write, from 1. While it has more, exports are rejected with `ERR_FILE_QUEUE_FULL`. Default 8 MiB. */
  readonly maxQueuedBytes?: number
  /** Length of the line of an item in bytes, from 1. Items with a longer line are dropped and counted. Default 64 MiB. */
  readonly maxItemBytes?: number
  /** Permissions of new files, 0 … 0o777; the umask does not change them. Default 0o600, because spans may hold secrets. */
  readonly mode?: number
  /** Whether `path` may be a symbolic link, such as `/dev/stdout`. Default false: exports to a link are rejected. */
  readonly followLinks?: boolean
  /** When what was written is brought to the disk itself; written alone, it survives the process, not the machine. Default `never`. */
  readonly fsync?: (typeof FSYNC)[number]
  /** Called for items that are left out, at most once a minute. Default: one process warning. */
  readonly logger?: Logger
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<FileExporterOptions> = {
  path: true,
  maxBytes: true,
  maxFiles: true,
  maxQueuedBytes: true,
  maxItemBytes: true,
  fsync: true,
  mode: true,
  followLinks: true,
  logger: true,
  clock: true,
}

const reopenings = internalCounter('tallyscope_file_reopenings_total', 'Files opened anew because they were replaced or removed.', 'path')

const MODES = { min: 0, max: 0o777, integer: true }

/** How long items are serialised before other work gets its turn; a metric of many series in pieces. */
const SLICE_MS = 5

/**
 * Appends one line of JSON for each item to a file.
 *
 * The file only gets whole lines. It is opened with the first export, and again when it was rotated, deleted or cut by
 * others; a line torn by a kill is closed off before the next one. If the disk is full or the file cannot be had,
 * the export rejects, nothing is left half-written, and the next export simply tries again. Items that have no JSON
 * form are dropped and counted in `tallyscope_exporter_dropped_items_total`, the others go on. Several exporters of
 * one process may have the same path; several processes may too, on a local disk and without rotation.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` for a missing path or an option out of range,
 *   `ERR_FILE_SHARED` when the path is in use in this process with another rotation.
 * @example
 * const exporter = new FileExporter<SpanData>({ path: 'traces.jsonl', maxBytes: 100_000_000, maxFiles: 3 })
 */
export class FileExporter<T> implements Exporter<T> {
  /** By which a tracer sends to this exporter, once it has been given to one: `exporter.transport?.flush()`. */
  declare readonly transport?: Transport<T>
  readonly path: string
  readonly #queue: LineQueue
  readonly #clock: Clock
  readonly #maxQueuedBytes: number
  readonly #maxItemBytes: number
  readonly #fsync: (typeof FSYNC)[number]
  readonly #counts = new ExportCounts('FileExporter')
  readonly #failureLog: RateLimitedLog
  readonly #running = new Set<Promise<void>>()
  /** Exports whose items are not lines yet. */
  readonly #unfinished = new Set<UnfinishedExport<T>>()
  #shutdown: Promise<void> | undefined

  constructor(options: FileExporterOptions) {
    checkRequiredOptions('FileExporter', options, OPTIONS)

    const { path, maxBytes = Number.MAX_SAFE_INTEGER, maxFiles = 5, fsync = 'never', clock = timerClock } = options
    if (typeof path !== 'string' || path === '' || path.includes('\0')) {
      throw new DefinitionError('ERR_EXPORTER_OPTION', `path must be the name of a file: it is ${inspectValue(path)}`)
    }
    if (!FSYNC.includes(fsync)) {
      throw new DefinitionError('ERR_EXPORTER_OPTION', `fsync must be one of ${FSYNC.join(', ')}: it is ${inspectValue(fsync)}`)
    }
    const bytes = { min: 1, max: Number.MAX_SAFE_INTEGER }
    this.path = path
    this.#maxQueuedBytes = checkNumber('ERR_EXPORTER_OPTION', 'maxQueuedBytes', options.maxQueuedBytes ?? 8 << 20, bytes)
    this.#maxItemBytes = checkNumber('ERR_EXPORTER_OPTION', 'maxItemBytes', options.maxItemBytes ?? 64 << 20, bytes)
    this.#fsync = fsync
    this.#clock = clock
    this.#failureLog = new RateLimitedLog({
      code: 'TALLYSCOPE_EXPORT_FAILED',
      subject: `exporter of ${path}`,
      logger: options.logger,
      clock,
    })
    this.#queue = acquireQueue({
      path,
      maxBytes: checkNumber('ERR_EXPORTER_OPTION', 'maxBytes', maxBytes, bytes),
      maxFiles: checkNumber('ERR_EXPORTER_OPTION', 'maxFiles', maxFiles, { min: 1, max: 1_000, integer: true }),
      mode: options.mode === undefined ? undefined : checkNumber('ERR_EXPORTER_OPTION', 'mode', options.mode, MODES),
      followLinks: options.followLinks === true,
      onReopen: () => internalCount(reopenings, path).value++,
      pause: (delayMs) => new Promise((resume) => void startTimer(clock, delayMs, resume, { keepAlive: true })),
    })
  }

  /**
   * Opens the file now, to fail early.
   * @throws {@link ExportError} (as a rejection) `ERR_FILE_OPEN`
   */
  async open(): Promise<void> {
    try {
      await this.#queue.between((file) => file.open())
    } catch (cause) {
      throw new ExportError('ERR_FILE_OPEN', `cannot open ${this.path}: ${errorText(cause)}`, { retryable: true, cause })
    }
  }

  /**
   * Resolves when all items are in the file.
   *
   * @throws {@link ExportError} (as a rejection) `ERR_FILE_APPEND` when some could not be written; `delivered` is how
   *   many were. `ERR_FILE_QUEUE_FULL` while too much waits to be written. `ERR_EXPORTER_CLOSED` after `shutdown()`.
   */
  export(items: readonly T[]): Promise<void> {
    const exporting = this.#export(items)
    this.#running.add(exporting)
    const ended = (): void => void this.#running.delete(exporting)
    exporting.then(ended, ended)
    return exporting
  }

  /** As {@link export}, at once: for what is left when a process ends. Throws if `export` rejects. */
  exportSync(items: readonly T[]): void {
    this.#refuseWhenClosed(items.length)
    const batch = new Batch([])
    for (const item of items) {
      const line = this.#bytes(jsonLine(item))
      if (line !== undefined) batch.lines.push(line)
      batch.next()
    }
    this.#finish(items.length, batch, this.#queue.file.appendSync(batch.lines))
  }

  /** Writes what `export` has been given and has not written yet. Throws if some of it cannot be written. */
  flushSync(): void {
    for (const each of this.#unfinished) while (!each.isDone) each.step()
    for (const { slot } of this.#unfinished) slot.complete()
    const { error } = this.#queue.flushSync()
    if (error === undefined) return
    this.#counts.error('ERR_FILE_APPEND')
    throw new ExportError('ERR_FILE_APPEND', `cannot append the last items to ${this.path}: ${errorText(error)}`, {
      retryable: false,
      cause: error,
    })
  }

  /** Opens the file again with the next export, for a log rotation that sends a signal. */
  async reopen(): Promise<void> {
    await this.#queue.between((file) => file.close())
  }

  /** Waits for what is being written and closes the file. Faults are reported, not thrown. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#close()
    return this.#shutdown
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running)
    try {
      await releaseQueue(this.path, async (file) => {
        if (this.#fsync !== 'never') await this.#sync(file)
      })
    } catch (error) {
      this.#counts.error('close')
      this.#failureLog.report('could not be closed', error)
    }
  }

  async #sync(file: LineFile): Promise<void> {
    try {
      await file.sync()
    } catch (error) {
      this.#counts.error('sync')
      this.#failureLog.report('is written, but could not be brought to the disk', error)
    }
  }

  async #export(items: readonly T[]): Promise<void> {
    this.#refuseWhenClosed(items.length)
    if (this.#queue.queuedBytes > this.#maxQueuedBytes) {
      this.#counts.error('ERR_FILE_QUEUE_FULL')
      const message = `cannot take ${items.length} items for ${this.path}: ${this.#queue.queuedBytes} bytes wait to be written`
      throw new ExportError('ERR_FILE_QUEUE_FULL', message, { retryable: true })
    }
    // Taken at once, so that the order is that of the calls although serialising items may take several turns.
    const slot = this.#queue.slot()
    const unfinished = new UnfinishedExport(items, slot, (line) => this.#bytes(line))
    this.#unfinished.add(unfinished)
    try {
      let sliceEndMs = this.#clock.monotonicMs() + SLICE_MS
      while (!unfinished.isDone) {
        unfinished.step()
        if (this.#clock.monotonicMs() < sliceEndMs) continue
        await new Promise((resume) => void inNextTurn(resume))
        sliceEndMs = this.#clock.monotonicMs() + SLICE_MS
      }
    } finally {
      this.#unfinished.delete(unfinished)
      slot.complete()
    }
    this.#finish(items.length, unfinished.batch, await slot.written)
    if (this.#fsync === 'export') await this.#queue.between((file) => this.#sync(file))
  }

  /** The bytes of a line, or undefined if it has to be left out. */
  #bytes({ text, error }: JsonLine): Buffer | undefined {
    const bytes = text === undefined ? 0 : Buffer.byteLength(text) + 1
    if (text !== undefined && bytes <= this.#maxItemBytes) return Buffer.from(`${text}\n`)
    this.#counts.dropped(text === undefined ? 'unserialisable' : 'too_large', 1)
    if (text === undefined) this.#failureLog.report('leaves out an item that has no JSON form', error)
    else this.#failureLog.report(`leaves out an item of ${bytes} bytes`)
    return undefined
  }

  #finish(items: number, batch: Batch, written: WrittenLines): void {
    this.#counts.exported(written.lines)
    if (written.lines === batch.lines.length) return
    const delivered = batch.itemOfLine(written.lines)
    this.#counts.error(String((written.error as { code?: unknown } | undefined)?.code ?? 'ERR_FILE_APPEND'))
    const message = `cannot append ${items - delivered} of ${items} items to ${this.path}: ${errorText(written.error)}`
    throw new ExportError('ERR_FILE_APPEND', message, { retryable: true, delivered, cause: written.error })
  }

  #refuseWhenClosed(items: number): void {
    if (this.#shutdown === undefined) return
    const message = `cannot append ${items} items to ${this.path}: the exporter is shut down`
    throw new ExportError('ERR_EXPORTER_CLOSED', message, { retryable: false })
  }
}
