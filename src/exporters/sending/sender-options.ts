import { createSecureContext } from 'node:tls'
import { types } from 'node:util'
import { checkClock, checkFunctions, checkNumber, type OptionNames, optionNames } from '../../base/check-options.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { isPrintableAscii } from '../../base/strings/printable-ascii.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import { readSmallFile } from '../../serving/read-small-file.js'
import { checkMaxQueuedExports } from '../export-queue.js'
import { OPTION_CODE, refuseOption, wholeNumber } from '../exporter-options.js'
import { PACKAGE_VERSION } from '../../base/package-version.js'
import { checkHeaders, type HeadersOption } from './request-headers.js'

/** Options of all exporters that send by HTTP. */
export interface SenderOptions {
  /**
   * Headers of every request, such as `authorization`, or a function that is called for each request and returns them or a promise of them.
   * If it fails, the request is retried. Default: none.
   */
  readonly headers?: HeadersOption
  /** Time limit of one request, in milliseconds, 1 … 2^31 - 1. Default 10 000. */
  readonly timeoutMs?: number
  /** Maximum number of concurrent requests and connections, 1 … 16. Default 2; for spans 1. */
  readonly concurrency?: number
  /** Maximum number of exports that have not ended, 1 … 10 000. Further ones reject with `ERR_EXPORTER_QUEUE_FULL`. Default 16. */
  readonly maxQueuedExports?: number
  /** Trusted CA certificates, as PEM or the path of a file that is read once. Default: those of Node. */
  readonly ca?: string | Uint8Array
  /** The client's certificate, as PEM or the path of a file that is read once. Default: none. */
  readonly cert?: string | Uint8Array
  /** The key of `cert`, as PEM or the path of a file that is read once. Default: none. */
  readonly key?: string | Uint8Array
  /** Prefix of `tallyscope/version` in the header `user-agent`. Default: none. */
  readonly userAgent?: string
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
  /** Returns a number from 0 to 1, for the jitter of retry delays. Default `Math.random`. */
  readonly random?: () => number
}

export const SENDER_OPTIONS: OptionNames<SenderOptions> = optionNames(
  'headers timeoutMs concurrency maxQueuedExports ca cert key userAgent clock random',
)

interface TlsFiles {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
}

/** The options with their defaults. */
export interface SenderSettings {
  readonly headers: HeadersOption
  readonly timeoutMs: number
  readonly concurrency: number
  readonly maxQueuedExports: number
  readonly tls: TlsFiles
  readonly userAgent: string
  readonly clock: Clock
  readonly random: () => number
}

/** @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if an option is not valid, `ERR_OPTION` if the clock is none. */
export function checkSender(options: SenderOptions, defaultConcurrency: number): SenderSettings {
  const { timeoutMs = 10_000, userAgent, clock = timerClock, random = Math.random } = options
  checkFunctions(OPTION_CODE, { random })
  checkClock('an exporter', clock)
  if (userAgent !== undefined && !isPrintableAscii(userAgent))
    refuseOption(`userAgent must be printable ASCII: it is ${inspectValue(userAgent)}`)
  if (options.key !== undefined && options.cert === undefined) refuseOption('key must come with cert: there is no cert')
  const tls = {
    ...(options.ca !== undefined && { ca: readPem('ca', options.ca) }),
    ...(options.cert !== undefined && { cert: readPem('cert', options.cert) }),
    ...(options.key !== undefined && { key: readPem('key', options.key) }),
  }
  checkTls(tls)
  return {
    headers: checkHeaders(options.headers),
    timeoutMs: checkNumber(OPTION_CODE, 'timeoutMs', timeoutMs, { min: 1, max: MAX_TIMER_MS }),
    concurrency: wholeNumber('concurrency', options.concurrency, defaultConcurrency, 1, 16),
    maxQueuedExports: checkMaxQueuedExports(options.maxQueuedExports),
    tls,
    userAgent: `${userAgent ? `${userAgent} ` : ''}tallyscope/${PACKAGE_VERSION}`,
    clock,
    random,
  }
}

/** Detects certificates and keys with which every request would fail. */
function checkTls(tls: TlsFiles): void {
  if (Object.keys(tls).length === 0) return
  try {
    createSecureContext(tls)
  } catch (cause) {
    const { code = 'unknown' } = cause as { code?: string }
    refuseOption(`ca, cert and key must be valid for TLS: ${Object.keys(tls).join(', ')}, ${code}`)
  }
}

/** The bundle of all public authorities has about 250 kB. */
const MAX_PEM_BYTES = 4 << 20

/**
 * Returns PEM from the option itself or from the file that it names. Messages contain the path, except that of `key`, which may be the key
 * itself.
 */
function readPem(name: 'ca' | 'cert' | 'key', given: string | Uint8Array): string | Buffer {
  if (types.isUint8Array(given)) return Buffer.from(given)
  if (typeof given !== 'string') refuseOption(`${name} must be PEM or the path of a file: it is of type ${typeof given}`)
  if (given.includes('-----BEGIN ')) return given
  const shown = name === 'key' ? 'the file' : inspectValue(given)
  let text: string
  try {
    text = readSmallFile(given, MAX_PEM_BYTES)
  } catch (error) {
    const { message, cause } = error as Error
    const problem = `${name} must be PEM or a file that can be read: ${shown}, ${message}`
    throw new DefinitionError(OPTION_CODE, problem, name === 'key' ? {} : { cause })
  }
  if (text.includes('-----BEGIN ')) return text
  refuseOption(`${name} must be PEM or a file with PEM: ${shown} has none`)
}
