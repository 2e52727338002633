import {
  checkBooleans,
  checkClock,
  checkOneOf,
  checkOptions,
  checkStrings,
  type OptionNames,
  optionNames,
} from '../../base/check-options.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import { checkMaxQueuedExports } from '../export-queue.js'
import { checkNamedValues, OPTION_CODE, refuseOption, wholeNumber } from '../exporter-options.js'
import type { TagStyle } from './statsd-names.js'

export type StatsdProtocol = 'udp' | 'tcp' | 'unixStream' | 'unixDatagram'

export const CARDINALITIES = ['none', 'low', 'orchestrator', 'high'] as const

export interface StatsdExporterOptions {
  /** Name or address of the server. Default `127.0.0.1`. */
  readonly host?: string
  /** Port of the server, 1 … 65 535. Default 8125. */
  readonly port?: number
  /** Path of the Unix socket, for `unixStream` and `unixDatagram`. Default: none. */
  readonly path?: string
  /**
   * How packets are sent. `unixStream` is for the setting `dogstatsd_stream_socket` of the Datadog Agent. `unixDatagram` needs the package
   * `unix-dgram`. Default `udp`, or `unixStream` if there is a `path`.
   */
  readonly protocol?: StatsdProtocol
  /** How labels are written; with `none` their values become parts of the name. Default `dogstatsd`. */
  readonly tagStyle?: TagStyle
  /** Prefix of every name, followed by a dot. Default: none. */
  readonly prefix?: string
  /** Tags of every line. Labels of the same key take precedence. Default: none. */
  readonly tags?: Readonly<Record<string, string>>
  /** Maximum size of a packet, in bytes, 64 … 65 507. Default 1 432 for UDP, 8 192 for Unix sockets and TCP. */
  readonly maxPacketBytes?: number
  /** True if distributions also send a counter `name.bucket` with the tag `le` for each bucket. Default false. */
  readonly buckets?: boolean
  /**
   * With `midpoints`, distributions also send values `name` of the type `d` of DogStatsD: the middle of each bucket, for each value that
   * was added to it. Percentiles are then accurate to half a bucket. Default `none`.
   */
  readonly distributions?: 'none' | 'midpoints'
  /** True if summaries send their quantiles as gauges. Default true. */
  readonly percentiles?: boolean
  /** For DogStatsD: the container data that the agent's admission controller sets (`DD_EXTERNAL_ENV`). Default: none. */
  readonly externalEnv?: string
  /** For DogStatsD: which origin tags the agent adds. Default: the setting of the agent. */
  readonly cardinality?: (typeof CARDINALITIES)[number]
  /** Time limit of one batch of packets, in milliseconds, 1 … 2^31 - 1. Default 10 000. */
  readonly timeoutMs?: number
  /** Maximum number of exports that have not ended, 1 … 10 000. Further ones reject with `ERR_EXPORTER_QUEUE_FULL`. Default 16. */
  readonly maxQueuedExports?: number
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<StatsdExporterOptions> = optionNames(
  'host port path protocol tagStyle prefix tags maxPacketBytes buckets distributions percentiles externalEnv cardinality timeoutMs maxQueuedExports clock',
)

/** Node truncates longer paths of sockets without an error, and would send to another socket. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103
/** The maximum payload of a datagram over IPv4. */
const MAX_DATAGRAM_BYTES = 65_507

export type CheckedOptions = Required<Omit<StatsdExporterOptions, 'path' | 'externalEnv' | 'cardinality'>> & {
  readonly path: string | undefined
  /** The fields at the end of every line. */
  readonly fields: string
}

/**
 * Checks the options and adds the defaults.
 * @throws {@link DefinitionError} `ERR_OPTION`, `ERR_EXPORTER_OPTION`.
 */
export function checkStatsdOptions(options: StatsdExporterOptions): CheckedOptions {
  checkOptions('StatsdExporter', options, OPTIONS)
  const { host = '127.0.0.1', path, prefix = '', tags = {}, buckets = false, percentiles = true, clock = systemClock } = options
  const protocol = checkOneOf(OPTION_CODE, 'protocol', options.protocol ?? (path === undefined ? 'udp' : 'unixStream'), PROTOCOLS)
  checkAddress(protocol, host, path)
  checkPrefix(prefix)
  checkTags(tags)
  checkBooleans(OPTION_CODE, { buckets, percentiles })
  checkStrings(OPTION_CODE, { externalEnv: options.externalEnv })
  checkClock('StatsdExporter', clock)
  const tagStyle = checkOneOf(OPTION_CODE, 'tagStyle', options.tagStyle ?? 'dogstatsd', TAG_STYLES)
  const distributions = checkOneOf(OPTION_CODE, 'distributions', options.distributions ?? 'none', ['none', 'midpoints'])
  if (distributions === 'midpoints' && tagStyle !== 'dogstatsd') {
    refuseOption(`distributions: 'midpoints' is for DogStatsD: tagStyle is ${tagStyle}`)
  }
  if (buckets && tagStyle === 'none') refuseOption(`buckets need a tag style: tagStyle is none`)
  return {
    host,
    port: wholeNumber('port', options.port, 8125, 1, 65_535),
    path,
    protocol,
    tagStyle,
    prefix: prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`,
    tags: { ...tags },
    maxPacketBytes: wholeNumber('maxPacketBytes', options.maxPacketBytes, protocol === 'udp' ? 1_432 : 8_192, 64, MAX_DATAGRAM_BYTES),
    buckets,
    distributions,
    percentiles,
    timeoutMs: wholeNumber('timeoutMs', options.timeoutMs, 10_000, 1, MAX_TIMER_MS),
    maxQueuedExports: checkMaxQueuedExports(options.maxQueuedExports),
    clock,
    fields: tagStyle === 'dogstatsd' ? fieldsOf(options) : '',
  }
}

const PROTOCOLS: readonly StatsdProtocol[] = ['udp', 'tcp', 'unixStream', 'unixDatagram']
const TAG_STYLES: readonly TagStyle[] = ['dogstatsd', 'graphite', 'influx', 'none']

function checkPrefix(prefix: unknown): void {
  if (typeof prefix === 'string' && /^[A-Za-z0-9_.-]*$/.test(prefix)) return
  refuseOption(`prefix must contain only letters, digits, _, - and dots: it is ${inspectValue(prefix)}`)
}

function checkTags(tags: Readonly<Record<string, unknown>>): void {
  checkNamedValues('tags', tags)
  for (const [key, value] of Object.entries(tags)) {
    if (key === '' || typeof value !== 'string') refuseOption(`tags must be strings: ${inspectValue(key)} is ${inspectValue(value)}`)
  }
}

function checkAddress(protocol: StatsdProtocol, host: string, path: string | undefined): void {
  if (typeof host !== 'string' || host === '') refuseOption(`host must be a name or an address: it is ${inspectValue(host)}`)
  const isUnix = protocol === 'unixStream' || protocol === 'unixDatagram'
  if (path === undefined) {
    if (isUnix) refuseOption(`protocol ${protocol} needs a path`)
    return
  }
  if (!isUnix) refuseOption(`a path is for unixStream and unixDatagram: the protocol is ${protocol}`)
  if (typeof path !== 'string' || path === '') refuseOption(`path must name a socket: it is ${inspectValue(path)}`)
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) refuseOption(`path must have at most ${MAX_PATH_BYTES} bytes: it is ${inspectValue(path)}`)
}

/** True if the value does not end its field or line. */
export function isExternalEnv(value: string): boolean {
  return /^[^\p{Cc}\s|#]+$/u.test(value)
}

function fieldsOf({ externalEnv, cardinality }: StatsdExporterOptions): string {
  if (externalEnv !== undefined && !isExternalEnv(externalEnv)) {
    refuseOption(`externalEnv must not contain blanks, | or #: it is ${inspectValue(externalEnv)}`)
  }
  if (cardinality !== undefined) checkOneOf(OPTION_CODE, 'cardinality', cardinality, CARDINALITIES)
  return (externalEnv === undefined ? '' : `|e:${externalEnv}`) + (cardinality === undefined ? '' : `|card:${cardinality}`)
}
