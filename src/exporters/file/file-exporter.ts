import {
  checkBooleans,
  checkClock,
  checkLogger,
  checkNumber,
  checkOneOf,
  checkRequiredOptions,
  type OptionNames,
  optionNames,
} from '../../base/check-options.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { ExportError, errorCode } from '../../base/errors.js'
import type { Exporter, Transport } from '../../base/exporter.js'
import { errorText, RateLimitedLog } from '../../base/rate-limited-log.js'
import type { Logger } from '../../base/logger.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { inNextTurn } from '../../base/timer.js'
import { ExportCounts } from '../export-counts.js'
import { checkFileName, OPTION_CODE, wholeNumber } from '../exporter-options.js'
import { type JsonLine, jsonLine } from '../json-lines.js'
import { Batch } from './line-batch.js'
import type { LineFile, WrittenLines } from './line-file.js'
import { acquireQueue, type LineQueue, releaseQueue } from './line-queue.js'
import { UnfinishedExport } from './unfinished-export.js'

const FSYNC = ['never', 'shutdown', 'export'] as const

export interface FileExporterOptions {
  /** The file. The constructor resolves a relative path against the working directory. */
  readonly path: string
  /**
   * Maximum size of the file in bytes, from 1. Before it is exceeded, the file is renamed to `path.1`, `path.1` to `path.2`, and so on. Set
   * it only if a single process writes the file. Default: no rotation.
   */
  readonly maxBytes?: number
  /**
   * Files kept by rotation, including the current one, 1 … 1 000. Numbered files of other programs are not changed. After this number is
   * reduced, the next rotation removes older files. Default 5.
   */
  readonly maxFiles?: number
  /** Maximum size of the queue in bytes, from 1. Above it, exports are rejected with `ERR_FILE_QUEUE_FULL`. Default 8 MiB. */
  readonly maxQueuedBytes?: number
  /** Maximum length of a line in bytes, from 1. Items with a longer line are dropped and counted. Default 64 MiB. */
  readonly maxItemBytes?: number
  /** Permissions of new files, 0 … 0o777, regardless of the umask. Default 0o600, because spans may contain secrets. */
  readonly mode?: number
  /** True if `path` may be a symbolic link, such as `/dev/stdout`. Default false: exports to a link are rejected. */
  readonly followLinks?: boolean
  /**
   * When to call fsync: `never`, at `shutdown`, or after each `export`. The latter two also call it for files that are rotated or replaced, and
   * after the synchronous writes at the end of a process. Without it, data survives a crash of the process but not of the machine. Default
   * `never`.
   */
  readonly fsync?: (typeof FSYNC)[number]
  /** Called for dropped items, at most once a minute. Default: one process warning. */
  readonly logger?: Logger
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<FileExporterOptions> = optionNames(
  'path maxBytes maxFiles maxQueuedBytes maxItemBytes fsync mode followLinks logger clock',
)

const reopenings = internalCounter('tallyscope_file_reopenings_total', 'Files opened again because they were replaced or removed.', 'path')

const MODES = { min: 0, max: 0o777, integer: true }

/** Items are serialised for this time before control returns to the event loop. */
const WRITE_SLICE_MS = 5

/**
 * Appends each item to a file, as one line of JSON.
 *
 * The first export opens the file, and later ones open it again after it was rotated or deleted. If the disk is full or the file cannot be
 * opened, the export rejects and no partial line remains. A partial line of a killed process is terminated before the next line. Items
 * without a JSON form are dropped and counted in `tallyscope_exporter_dropped_items_total`. Several exporters of a process may share a
 * path; several processes may too, on a local disk and without rotation.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if the path is missing or an option is out of range, `ERR_FILE_SHARED` if an
 *   exporter of this process uses the path with another rotation.
 * @example
 * const exporter = new FileExporter<SpanData>({ path: 'traces.jsonl', maxBytes: 100_000_000, maxFiles: 3 })
 */
export class FileExporter<T> implements Exporter<T> {
  /** The transport of the tracer that uses this exporter: `exporter.transport?.flush()`. Undefined before. */
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
  /** Exports whose items are being serialised. */
  readonly #unfinished = new Set<UnfinishedExport<T>>()
  #shutdown: Promise<void> | undefined

  constructor(options: FileExporterOptions) {
    checkRequiredOptions('FileExporter', options, OPTIONS)
    checkLogger('FileExporter', options.logger)
    checkClock('FileExporter', options.clock)

    const { path, maxBytes = Number.MAX_SAFE_INTEGER, fsync = 'never', clock = timerClock } = options
    const bytes = { min: 1, max: Number.MAX_SAFE_INTEGER }
    this.path = checkFileName(path)
    this.#maxQueuedBytes = checkNumber(OPTION_CODE, 'maxQueuedBytes', options.maxQueuedBytes ?? 8 << 20, bytes)
    this.#maxItemBytes = checkNumber(OPTION_CODE, 'maxItemBytes', options.maxItemBytes ?? 64 << 20, bytes)
    this.#fsync = checkOneOf(OPTION_CODE, 'fsync', fsync, FSYNC)
    checkBooleans(OPTION_CODE, { followLinks: options.followLinks })
    this.#clock = clock
    this.#failureLog = new RateLimitedLog({
      code: 'TALLYSCOPE_EXPORT_FAILED',
      subject: `exporter of ${path}`,
      logger: options.logger,
      clock,
    })
    this.#queue = acquireQueue({
      path,
      maxBytes: checkNumber(OPTION_CODE, 'maxBytes', maxBytes, bytes),
      maxFiles: wholeNumber('maxFiles', options.maxFiles, 5, 1, 1_000),
      mode: options.mode === undefined ? undefined : checkNumber(OPTION_CODE, 'mode', options.mode, MODES),
      followLinks: options.followLinks === true,
      onReopen: () => internalCount(reopenings, path).value++,
      clock,
    })
    const { file } = this.#queue
    if (this.#fsync !== 'never') file.beforeClose = () => this.#sync(file)
  }

  /**
   * Opens the file, to detect errors early.
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
   * @throws {@link ExportError} (as a rejection) `ERR_FILE_APPEND` if only the first `delivered` items were written,
   *   `ERR_FILE_QUEUE_FULL` while the queue is full, `ERR_EXPORTER_CLOSED` after `shutdown()`.
   */
  export(items: readonly T[]): Promise<void> {
    const exporting = this.#export(items)
    this.#running.add(exporting)
    const ended = (): void => void this.#running.delete(exporting)
    exporting.then(ended, ended)
    return exporting
  }

  /** Like {@link export}, but synchronous, for the end of a process. Throws if `export` would reject. */
  exportSync(items: readonly T[]): void {
    this.#refuseWhenClosed(items.length)
    const batch = new Batch([])
    for (const item of items) {
      const line = this.#bytes(jsonLine(item))
      if (line !== undefined) batch.lines.push(line)
      batch.next()
    }
    this.#finish(items.length, batch, this.#queue.file.appendSync(batch.lines, this.#syncNow))
  }

  /** Writes the items of running exports synchronously. Throws if some of them cannot be written. */
  flushSync(): void {
    for (const each of this.#unfinished) while (!each.isDone) each.step()
    for (const { slot } of this.#unfinished) slot.complete()
    const { error } = this.#queue.flushSync(this.#syncNow)
    if (error === undefined) return
    this.#counts.error('ERR_FILE_APPEND')
    throw new ExportError('ERR_FILE_APPEND', `cannot append the last items to ${this.path}: ${errorText(error)}`, {
      retryable: false,
      cause: error,
    })
  }

  /** Closes the file. The next export opens it again. For log rotation by a signal. */
  async reopen(): Promise<void> {
    await this.#queue.between((file) => file.close())
  }

  /** Waits for running exports and closes the file. Errors are logged, not thrown. */
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
      this.#syncFailed(error)
    }
  }

  readonly #syncNow = (fd: number): void => {
    if (this.#fsync === 'never') return
    try {
      this.#queue.file.syncSync(fd)
    } catch (error) {
      this.#syncFailed(error)
    }
  }

  #syncFailed(error: unknown): void {
    this.#counts.error('sync')
    this.#failureLog.report('is written, but could not be synchronised to the disk', error)
  }

  async #export(items: readonly T[]): Promise<void> {
    this.#refuseWhenClosed(items.length)
    if (this.#queue.queuedBytes > this.#maxQueuedBytes) {
      this.#counts.error('ERR_FILE_QUEUE_FULL')
      const message = `cannot queue ${items.length} items for ${this.path}: ${this.#queue.queuedBytes} bytes are waiting`
      throw new ExportError('ERR_FILE_QUEUE_FULL', message, { retryable: true })
    }
    // The slot keeps the order of the calls, although serialising the items is asynchronous.
    const slot = this.#queue.slot()
    const unfinished = new UnfinishedExport(items, slot, (line) => this.#bytes(line))
    this.#unfinished.add(unfinished)
    try {
      let sliceEndMs = this.#clock.monotonicMs() + WRITE_SLICE_MS
      while (!unfinished.isDone) {
        unfinished.step()
        if (this.#clock.monotonicMs() < sliceEndMs) continue
        await new Promise((resume) => void inNextTurn(resume))
        sliceEndMs = this.#clock.monotonicMs() + WRITE_SLICE_MS
      }
    } finally {
      this.#unfinished.delete(unfinished)
      slot.complete()
    }
    this.#finish(items.length, unfinished.batch, await slot.written)
    if (this.#fsync === 'export') await this.#queue.between((file) => this.#sync(file))
  }

  /** The bytes of a line, or undefined if its item is dropped. */
  #bytes({ text, error }: JsonLine): Buffer | undefined {
    const bytes = text === undefined ? 0 : Buffer.byteLength(text) + 1
    if (text !== undefined && bytes <= this.#maxItemBytes) return Buffer.from(`${text}\n`)
    this.#counts.dropped(text === undefined ? 'unserialisable' : 'too_large', 1)
    if (text === undefined) this.#failureLog.report('dropped an item that has no JSON form', error)
    else this.#failureLog.report(`dropped an item of ${bytes} bytes`)
    return undefined
  }

  #finish(items: number, batch: Batch, written: WrittenLines): void {
    this.#counts.exported(written.lines)
    if (written.lines === batch.lines.length) return
    const delivered = batch.itemOfLine(written.lines)
    this.#counts.error(errorCode(written.error) ?? 'ERR_FILE_APPEND')
    const message = `cannot append ${items - delivered} of ${items} items to ${this.path}: ${errorText(written.error)}`
    throw new ExportError('ERR_FILE_APPEND', message, { retryable: true, delivered, cause: written.error })
  }

  #refuseWhenClosed(items: number): void {
    if (this.#shutdown === undefined) return
    const message = `cannot append ${items} items to ${this.path}: the exporter is shut down`
    throw new ExportError('ERR_EXPORTER_CLOSED', message, { retryable: false })
  }
}
