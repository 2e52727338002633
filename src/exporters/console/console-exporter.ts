import { checkOptions, type OptionNames } from '../../base/check-options.js'
import { inspectValue } from '../../base/inspect-value.js'
import { checkNumber } from '../../base/check-options.js'
import { DefinitionError, ExportError } from '../../base/errors.js'
import { RateLimitedLog } from '../../base/rate-limited-log.js'
import type { Exporter, Transport } from '../../base/exporter.js'
import { ExportCounts } from '../export-counts.js'
import { isMetric, itemKind } from '../item-kind.js'
import { jsonLine } from '../json-lines.js'
import { prettyMetric } from './pretty-metric.js'
import { prettySpan } from './pretty-span.js'
import { StreamWriter, type TextStream } from './stream-writer.js'

const FORMATS = ['auto', 'pretty', 'json'] as const

export interface ConsoleExporterOptions {
  /**
   * `pretty` is for people. `json` is one line an item, for machines. Default `auto`: metrics are pretty, spans and other items are
   * JSON.
   */
  readonly format?: (typeof FORMATS)[number]
  /** Default `process.stdout`, read at each export. */
  readonly stream?: TextStream
  /** Time series shown of each metric in the pretty format, 1 … 1 000 000. Default 50. */
  readonly maxSeries?: number
  /** Bytes that the stream may buffer, 0 … 2^31. While it has more, items are dropped and counted. Default 1 MiB. */
  readonly maxBufferedBytes?: number
}

const OPTIONS: OptionNames<ConsoleExporterOptions> = { format: true, stream: true, maxSeries: true, maxBufferedBytes: true }

/**
 * Writes metrics and spans to the console. Control characters cannot get through, whatever a tag value holds;
 * a pipe whose reader has closed it is no error.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` for an unknown format or a limit out of range.
 * @example
 * exportPeriodically({ producers: [stats], exporter: new ConsoleExporter(), intervalMs: 10_000 })
 */
export class ConsoleExporter<T> implements Exporter<T> {
  /** By which a tracer sends to this exporter, once it has been given to one: `exporter.transport?.flush()`. */
  declare readonly transport?: Transport<T>
  readonly #format: 'auto' | 'pretty' | 'json'
  readonly #maxSeries: number
  readonly #writer: StreamWriter
  readonly #counts = new ExportCounts('ConsoleExporter')
  readonly #failureLog = new RateLimitedLog({ code: 'TALLYSCOPE_EXPORT_FAILED', subject: 'exporter ConsoleExporter' })

  constructor(options: ConsoleExporterOptions = {}) {
    checkOptions('ConsoleExporter', options, OPTIONS)

    const { format = 'auto', stream, maxSeries = 50, maxBufferedBytes = 1 << 20 } = options
    if (!FORMATS.includes(format)) {
      throw new DefinitionError('ERR_EXPORTER_OPTION', `format must be one of ${FORMATS.join(', ')}: it is ${inspectValue(format)}`)
    }
    this.#format = format
    this.#maxSeries = checkNumber('ERR_EXPORTER_OPTION', 'maxSeries', maxSeries, { min: 1, max: 1e6, integer: true })
    const range = { min: 0, max: 2 ** 31 }
    this.#writer = new StreamWriter(
      () => stream ?? process.stdout,
      checkNumber('ERR_EXPORTER_OPTION', 'maxBufferedBytes', maxBufferedBytes, range),
    )
  }

  /** @throws {@link ExportError} (as a rejection) `ERR_CONSOLE_WRITE` when the stream fails for another reason than a closed reader. */
  async export(items: readonly T[]): Promise<void> {
    const texts = this.#texts(items)
    if (texts.length === 0) return
    const written = await this.#writer.write(texts.join(''))
    if (written.kind === 'written') this.#counts.exported(texts.length)
    else this.#counts.dropped(written.kind, texts.length)
    if (written.kind === 'full') this.#failureLog.report('drops items: the console does not take them fast enough')
    if (written.kind !== 'failed') return
    this.#counts.error('ERR_CONSOLE_WRITE')
    throw new ExportError('ERR_CONSOLE_WRITE', `cannot write ${texts.length} items to the console`, {
      retryable: false,
      cause: written.error,
    })
  }

  /** Like {@link export}; what a stream takes without room is written by Node before the process is gone, or never. */
  exportSync(items: readonly T[]): void {
    const texts = this.#texts(items)
    this.#writer.writeSync(texts.join(''))
    this.#counts.exported(texts.length)
  }

  /** Files, terminals and, on POSIX, pipes are written at once. Throws if the stream holds what it cannot write now. */
  flushSync(): void {
    const { waitingBytes } = this.#writer
    if (waitingBytes > 0) throw new ExportError('ERR_CONSOLE_WRITE', `${waitingBytes} bytes wait in the stream`, { retryable: false })
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
    this.#failureLog.report('leaves out an item that cannot be written', error)
  }
}
