import { ExportError } from '../base/errors.js'
import type { ExportCounts } from './export-counts.js'
import { wholeNumber } from './exporter-options.js'

/** @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if the option is not valid. */
export function checkMaxQueuedExports(given?: number): number {
  return wholeNumber('maxQueuedExports', given, 16, 1, 10_000)
}

/** The exports of one exporter that have not ended. Those beyond a limit are refused, since callers may not wait for them. */
export class ExportQueue {
  readonly #what: string
  readonly #counts: ExportCounts
  readonly #maxExports: number
  #exports = 0
  #last: Promise<void> = Promise.resolve()
  #closed: Promise<void> | undefined

  /** @param what What fails if an export is refused, for messages. */
  constructor(what: string, counts: ExportCounts, maxExports: number) {
    this.#what = what
    this.#counts = counts
    this.#maxExports = maxExports
  }

  /**
   * Runs an export after all others.
   * @throws {@link ExportError} (as a rejection) `ERR_EXPORTER_CLOSED`, `ERR_EXPORTER_QUEUE_FULL`, and what `run` rejects with.
   */
  inOrder(run: () => Promise<void>): Promise<void> {
    return this.#refusal() ?? this.#add(this.#last.then(run))
  }

  /** Runs an export at once. @throws as {@link inOrder} */
  atOnce(run: () => Promise<void>): Promise<void> {
    return this.#refusal() ?? this.#add(run())
  }

  /** Waits for all exports, then calls `end`, only once. */
  close(end: () => void | Promise<void>): Promise<void> {
    this.#closed ??= this.#last.then(end)
    return this.#closed
  }

  #refusal(): Promise<never> | undefined {
    const refuse = (code: string, why: string, retryable: boolean): Promise<never> =>
      Promise.reject(new ExportError(code, `${this.#what} failed: ${why}`, { retryable }))
    if (this.#closed !== undefined) return refuse('ERR_EXPORTER_CLOSED', 'the exporter is shut down', false)
    if (this.#exports < this.#maxExports) return undefined
    this.#counts.error('ERR_EXPORTER_QUEUE_FULL')
    return refuse('ERR_EXPORTER_QUEUE_FULL', `${this.#exports} exports have not ended`, true)
  }

  #add(exporting: Promise<void>): Promise<void> {
    this.#exports++
    const ended = (): void => {
      this.#exports--
    }
    const before = this.#last
    this.#last = exporting.then(ended, ended).then(() => before)
    return exporting
  }
}
