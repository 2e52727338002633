import { checkMethods, checkNumber, checkOneOf, checkOptions, type OptionNames } from '../../base/check-options.js'
import { ExportError } from '../../base/errors.js'
import { RateLimitedLog } from '../../base/rate-limited-log.js'
import type { Exporter, Transport } from '../../base/exporter.js'
import { ExportCounts } from '../export-counts.js'
import { OPTION_CODE, wholeNumber } from '../exporter-options.js'
import { isMetric, itemKind } from '../item-kind.js'
import { jsonLine } from '../json-lines.js'
import { prettyMetric } from './pretty-metric.js'
import { prettySpan } from './pretty-span.js'
import { StreamWriter, type TextStream } from './stream-writer.js'

const FORMATS = ['auto', 'pretty', 'json'] as const

export interface ConsoleExporterOptions {
  /**
   * `pretty` is human-readable. `json` is one line of JSON per item. `auto` is `pretty` for metrics, and `json` for spans and other items.
   * Default `auto`.
   */
  readonly format?: (typeof FORMATS)[number]
  /** The stream to write to. Default: the value of `process.stdout` at each export. */
  readonly stream?: TextStream
  /** Maximum number of time series of a metric in the pretty format, 1 … 1 000 000. Default 50. */
  readonly maxSeries?: number
  /** Maximum number of bytes that the stream buffers, 0 … 2^31. Above it, items are dropped and counted. Default 1 MiB. */
  readonly maxBufferedBytes?: number
}

const OPTIONS: OptionNames<ConsoleExporterOptions> = { format: true, stream: true, maxSeries: true, maxBufferedBytes: true }

/**
 * Writes metrics and spans to the console. Control characters are escaped. A closed pipe is not an error: the items are dropped.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if the format is unknown, a limit is out of range or the stream has no `write()`.
 * @example
 * exportPeriodically({ producers: [stats], exporter: new ConsoleExporter(), intervalMs: 10_000 })
 */
export class ConsoleExporter<T> implements Exporter<T> {
  /** The transport of the tracer that uses this exporter: `exporter.transport?.flush()`. Undefined before. */
  declare readonly transport?: Transport<T>
  readonly #format: 'auto' | 'pretty' | 'json'
  readonly #maxSeries: number
  readonly #writer: StreamWriter
  readonly #counts = new ExportCounts('ConsoleExporter')
  readonly #failureLog = new RateLimitedLog({ code: 'TALLYSCOPE_EXPORT_FAILED', subject: 'exporter ConsoleExporter' })

  constructor(options: ConsoleExporterOptions = {}) {
    checkOptions('ConsoleExporter', options, OPTIONS)

    const { format = 'auto', stream, maxSeries, maxBufferedBytes = 1 << 20 } = options
    if (stream !== undefined) checkMethods(OPTION_CODE, 'stream', stream, ['write'])
    this.#format = checkOneOf(OPTION_CODE, 'format', format, FORMATS)
    this.#maxSeries = wholeNumber('maxSeries', maxSeries, 50, 1, 1e6)
    const most = checkNumber(OPTION_CODE, 'maxBufferedBytes', maxBufferedBytes, { min: 0, max: 2 ** 31 })
    this.#writer = new StreamWriter(() => stream ?? process.stdout, most)
  }

  /** @throws {@link ExportError} (as a rejection) `ERR_CONSOLE_WRITE` if the stream fails, unless its reader is closed. */
  async export(items: readonly T[]): Promise<void> {
    const texts = this.#texts(items)
    if (texts.length === 0) return
    const written = await this.#writer.write(texts.join(''))
    if (written.kind === 'written') this.#counts.exported(texts.length)
    else this.#counts.dropped(written.kind, texts.length)
    if (written.kind === 'full') this.#failureLog.report('drops items: the stream is too slow')
    if (written.kind !== 'failed') return
    this.#counts.error('ERR_CONSOLE_WRITE')
    throw new ExportError('ERR_CONSOLE_WRITE', `cannot write ${texts.length} items to the console`, {
      retryable: false,
      cause: written.error,
    })
  }

  /** Like {@link export}, but synchronous. Throws if the stream buffers bytes that it cannot write now. */
  exportSync(items: readonly T[]): void {
    const texts = this.#texts(items)
    if (texts.length === 0) return
    if (this.#writer.writeSync(texts.join(''))) this.#counts.exported(texts.length)
    else this.#counts.dropped('gone', texts.length)
  }

  /** Throws if the stream buffers bytes that it cannot write now. Node writes files, terminals and, on POSIX, pipes synchronously. */
  flushSync(): void {
    const { waitingBytes } = this.#writer
    if (waitingBytes > 0)
      throw new ExportError('ERR_CONSOLE_WRITE', `${waitingBytes} bytes are buffered in the stream`, { retryable: false })
  }

  #texts(items: readonly T[]): string[] {
    return items.map((item) => this.#text(item)).filter((text) => text !== undefined)
  }

  #text(item: T): string | undefined {
    try {
      const isPretty = this.#format === 'pretty' || (this.#format === 'auto' && isMetric(item))
      if (isPretty && isMetric(item)) return prettyMetric(item, this.#maxSeries)
      if (isPretty && itemKind(item) === 'span') return prettySpan(item)
    } catch (error) {
      return this.#drop(error)
    }
    const line = jsonLine(item)
    return line.error === undefined ? `${line.text}\n` : this.#drop(line.error)
  }

  #drop(error: unknown): undefined {
    this.#counts.dropped('unserialisable', 1)
    this.#failureLog.report('dropped an item that cannot be written', error)
  }
}
