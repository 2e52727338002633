import { checkOneOf, type OptionNames, optionNames } from '../../base/check-options.js'
import type { Logger } from '../../base/logger.js'
import type { Resource } from '../../base/resource.js'
import { OPTION_CODE, refuseOption, wholeNumber } from '../exporter-options.js'
import { checkDestination, type Destination } from '../sending/destination.js'
import { checkSender, SENDER_OPTIONS, type SenderOptions, type SenderSettings } from '../sending/sender-options.js'

export type OtlpProtocol = 'http/protobuf' | 'http/json'

/** Options of both OTLP exporters. */
export interface OtlpOptions extends SenderOptions {
  /** Base URL of the receiver; `/v1/metrics` or `/v1/traces` is appended. Default `http://localhost:4318`. */
  readonly endpoint?: string | URL
  /** URL of the receiver, which is used unchanged. Excludes `endpoint`. Default: derived from `endpoint`. */
  readonly url?: string | URL
  /** Encoding of the requests. Default `http/protobuf`. */
  readonly protocol?: OtlpProtocol
  /** Compression of the requests. Default `gzip`. */
  readonly compression?: 'gzip' | 'none'
  /**
   * Target size of a request before compression, in bytes, 64 KiB … 64 MiB. Larger exports are split. JSON is taken for four times as long as
   * protobuf. Default 1 MiB; for spans 4 MiB.
   */
  readonly maxRequestBytes?: number
  /**
   * The identity of this process. `service.name`, `service.instance.id` (random, one for the process) and `telemetry.sdk.*` are added if
   * they are missing. Labels of a metric's own resource take precedence. Default: none.
   */
  readonly resource?: Resource
  /** Logs rejections and warnings of the receiver, at most once a minute. Default: one process warning. */
  readonly logger?: Logger
}

export const OTLP_OPTIONS: OptionNames<OtlpOptions> = optionNames(
  'endpoint url protocol compression maxRequestBytes resource logger',
  SENDER_OPTIONS,
)

/** The options with their defaults. */
export interface OtlpSettings {
  readonly destination: Destination
  readonly sender: SenderSettings
  readonly protocol: OtlpProtocol
  readonly compression: 'gzip' | 'none'
  readonly maxRequestBytes: number
}

interface OtlpDefaults {
  /** The path that is appended to the endpoint. */
  readonly path: 'v1/metrics' | 'v1/traces'
  readonly concurrency: number
  readonly maxRequestBytes: number
}

/** The maximum size of a request in the OTLP specification. */
export const MAX_REQUEST_BYTES: number = 64 << 20

const DEFAULT_ENDPOINT = 'http://localhost:4318'

/** @throws {@link DefinitionError} `ERR_EXPORTER_URL` or `ERR_EXPORTER_OPTION` if an option is not valid. */
export function checkOtlp(options: OtlpOptions, defaults: OtlpDefaults): OtlpSettings {
  const { protocol = 'http/protobuf', compression = 'gzip' } = options
  return {
    destination: destinationOf(options, defaults.path),
    sender: checkSender(options, defaults.concurrency),
    protocol: checkOneOf(OPTION_CODE, 'protocol', protocol, ['http/protobuf', 'http/json']),
    compression: checkOneOf(OPTION_CODE, 'compression', compression, ['gzip', 'none']),
    maxRequestBytes: wholeNumber('maxRequestBytes', options.maxRequestBytes, defaults.maxRequestBytes, 65_536, MAX_REQUEST_BYTES),
  }
}

function destinationOf({ endpoint, url }: OtlpOptions, path: string): Destination {
  if (url !== undefined && endpoint !== undefined) refuseOption('url and endpoint must not both be set')
  if (url !== undefined) return checkDestination('url', url)
  const destination = checkDestination('endpoint', endpoint ?? DEFAULT_ENDPOINT)
  destination.url.pathname = `${withoutEndSlash(destination.url.pathname)}/${path}`
  return destination
}

function withoutEndSlash(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}
