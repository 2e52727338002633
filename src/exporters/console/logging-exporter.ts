import { checkOneOf, checkOptions, checkStrings, type OptionNames } from '../../base/check-options.js'
import { cutString } from '../../base/strings/intern-string.js'
import { escapeControlCharacters } from '../../base/strings/inspect-value.js'
import { ExportError } from '../../base/errors.js'
import type { Exporter, Transport } from '../../base/exporter.js'
import type { Logger } from '../../base/logger.js'
import { ExportCounts } from '../export-counts.js'
import { OPTION_CODE, refuseOption } from '../exporter-options.js'
import { itemName, itemKind } from '../item-kind.js'
import { stderrLogger } from './stderr-logger.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

export interface LoggingExporterOptions {
  /** A pino logger, or an object with the same methods. Default: lines of JSON on stderr. */
  readonly logger?: Logger
  /** The field `logger` of every entry. Default `tallyscope`. */
  readonly loggerName?: string
  /** Level of the entries. Default `info`. */
  readonly level?: (typeof LEVELS)[number]
}

const OPTIONS: OptionNames<LoggingExporterOptions> = { logger: true, loggerName: true, level: true }

/**
 * Logs one entry per item: `Metric: shop/latency` with the field `metric`, `Span: checkout` with the field `span`.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if the level is unknown or the logger does not have it.
 * @example
 * new Tracer({ exporter: new LoggingExporter({ logger: pino(), loggerName: 'shop.traces' }) })
 */
export class LoggingExporter<T> implements Exporter<T> {
  /** The transport of the tracer that uses this exporter: `exporter.transport?.flush()`. Undefined before. */
  declare readonly transport?: Transport<T>
  readonly #log: (fields: object, message: string) => void
  readonly #loggerName: string
  readonly #counts = new ExportCounts('LoggingExporter')

  constructor(options: LoggingExporterOptions = {}) {
    checkOptions('LoggingExporter', options, OPTIONS)

    const { logger = stderrLogger, loggerName = 'tallyscope', level = 'info' } = options
    checkOneOf(OPTION_CODE, 'level', level, LEVELS)
    checkStrings(OPTION_CODE, { loggerName })
    if (typeof logger?.[level] !== 'function') refuseOption(`a logger must have ${level}(fields, message)`)
    this.#log = (fields, message) => logger[level](fields, message)
    this.#loggerName = loggerName
  }

  export(items: readonly T[]): void {
    let failed = 0
    let cause: unknown
    for (const item of items) {
      try {
        const kind = itemKind(item)
        this.#log({ logger: this.#loggerName, [kind]: item }, `${TITLES[kind]}: ${shownName(item)}`)
      } catch (error) {
        failed++
        cause = error
      }
    }
    this.#counts.exported(items.length - failed)
    if (failed === 0) return
    this.#counts.error('ERR_LOG_EXPORT')
    const message = `the logger threw for ${failed} of ${items.length} items`
    throw new ExportError('ERR_LOG_EXPORT', message, { retryable: false, delivered: items.length - failed, cause })
  }

  exportSync(items: readonly T[]): void {
    this.export(items)
  }
}

/** Names of spans and metrics are cut where they are made, but those of other items are not. */
const MAX_NAME_LENGTH = 256

function shownName(item: unknown): string {
  return escapeControlCharacters(cutString(itemName(item), MAX_NAME_LENGTH))
}

const TITLES = { metric: 'Metric', span: 'Span', item: 'Item' }
