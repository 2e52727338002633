import { checkBooleans, checkNumber, checkRequiredOptions, type OptionNames } from '../../../base/check-options.js'
import { randomUUID } from 'node:crypto'
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises'
import { inspectValue } from '../../../base/strings/inspect-value.js'
import { DefinitionError, ExportError } from '../../../base/errors.js'
import type { Exporter } from '../../../base/exporter.js'
import { errorText } from '../../../base/rate-limited-log.js'
import type { Metric } from '../../../metrics/data/metric.js'
import { processEnd } from '../../../base/process-end.js'
import { formatText } from '../format/text.js'
import { textEncoder } from '../format/text-encoder.js'

export interface TextfileExporterOptions {
  /** The file in the folder of node_exporter. Must end with `.prom`. */
  readonly path: string
  /** Permissions of the file, 0 … 0o777. Default 0o644, because node_exporter usually runs as another user. */
  readonly mode?: number
  /** True if `shutdown` deletes the file, so that Prometheus does not scrape a finished job forever. Default false. */
  readonly deleteOnShutdown?: boolean
}

const OPTIONS: OptionNames<TextfileExporterOptions> = { path: true, mode: true, deleteOnShutdown: true }

/**
 * Writes metrics to a file for the textfile collector of node_exporter. Each export replaces the file atomically.
 *
 * @throws {@link DefinitionError} `ERR_TEXTFILE_PATH` if the path does not end with `.prom`, `ERR_PROMETHEUS_OPTION` if another option is
 *   not valid.
 * @see https://github.com/prometheus/node_exporter#textfile-collector
 * @example
 * exportPeriodically({ producers: [stats], exporter: new TextfileExporter({ path: '/var/lib/node_exporter/backup.prom' }) })
 */
export class TextfileExporter implements Exporter<Metric> {
  readonly #options: TextfileExporterOptions
  /** The newest export. It resolves when all exports have ended. */
  #last: Promise<unknown> = Promise.resolve()
  /** The temporary file of the running export. */
  #draft: string | undefined
  #shutdown: Promise<void> | undefined

  constructor(options: TextfileExporterOptions) {
    checkRequiredOptions('TextfileExporter', options, OPTIONS)

    if (typeof options.path !== 'string' || !/[^/\\]\.prom$/.test(options.path)) {
      throw new DefinitionError('ERR_TEXTFILE_PATH', `the path of a textfile must end in .prom: it is ${inspectValue(options.path)}`)
    }
    const { mode, deleteOnShutdown } = options
    if (mode !== undefined) checkNumber('ERR_PROMETHEUS_OPTION', 'mode', mode, { min: 0, max: 0o777, integer: true })
    checkBooleans('ERR_PROMETHEUS_OPTION', { deleteOnShutdown })
    this.#options = options
  }

  /**
   * Replaces the file, after earlier exports have ended.
   * @throws {@link ExportError} (as a rejection) `ERR_TEXTFILE_WRITE`, with the previous file unchanged; `ERR_EXPORTER_CLOSED` after
   *   `shutdown()`.
   */
  async export(metrics: readonly Metric[]): Promise<void> {
    this.#refuseWhenClosed(metrics)
    const writing = this.#last.then(() => this.#replace(metrics))
    this.#last = Promise.allSettled([writing])
    await writing
  }

  /**
   * Like {@link export}, but synchronous. If the process is ending and `deleteOnShutdown` is set, deletes the file instead. Throws if
   * `export` would reject.
   */
  exportSync(metrics: readonly Metric[]): void {
    this.#refuseWhenClosed(metrics)
    const { path, mode = 0o644, deleteOnShutdown } = this.#options
    if (processEnd.isNow) {
      if (this.#draft !== undefined) rmSync(this.#draft, { force: true })
      if (deleteOnShutdown === true) return rmSync(path, { force: true })
    }
    const draft = draftOf(path)
    let fd: number | undefined
    try {
      const text = formatText(metrics)
      fd = openSync(draft, 'wx', mode)
      writeFileSync(fd, text)
      fsyncSync(fd)
      fchmodSync(fd, mode)
      renameSync(draft, path)
    } catch (cause) {
      if (fd !== undefined) rmSync(draft, { force: true })
      throw this.#failure(metrics, cause)
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }

  #refuseWhenClosed(metrics: readonly Metric[]): void {
    if (this.#shutdown === undefined) return
    const message = `writing ${metrics.length} metrics to ${this.#options.path} failed: the exporter is shut down`
    throw new ExportError('ERR_EXPORTER_CLOSED', message, { retryable: false })
  }

  #failure(metrics: readonly Metric[], cause: unknown): ExportError {
    const message = `writing ${metrics.length} metrics to ${this.#options.path} failed: ${errorText(cause)}`
    return new ExportError('ERR_TEXTFILE_WRITE', message, { retryable: true, cause })
  }

  async #replace(metrics: readonly Metric[]): Promise<void> {
    const { path, mode = 0o644 } = this.#options
    const draft = draftOf(path)
    let handle: FileHandle | undefined
    this.#draft = draft
    try {
      handle = await open(draft, 'wx', mode) // fails if the name exists, even as a link
      await writeFile(handle, textEncoder.encode(metrics), { flush: true })
      await handle.chmod(mode) // regardless of the umask
      await handle.close()
      await rename(draft, path)
    } catch (cause) {
      await handle?.close().catch(() => {})
      if (handle !== undefined) await rm(draft, { force: true }).catch(() => {})
      throw this.#failure(metrics, cause)
    } finally {
      this.#draft = undefined
    }
  }

  /** Waits for running exports, then deletes the file if `deleteOnShutdown` is set. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#last.then(async () => {
      if (this.#options.deleteOnShutdown === true) await rm(this.#options.path, { force: true })
    })
    return this.#shutdown
  }
}

/** A temporary name in the same folder, since renaming is atomic only within a file system. Files without `.prom` are not collected. */
function draftOf(path: string): string {
  return `${path}.${process.pid}.${randomUUID()}.tmp`
}
