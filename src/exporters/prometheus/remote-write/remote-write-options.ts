import {
  checkBooleans,
  checkFunctions,
  checkOneOf,
  checkRequiredOptions,
  type OptionNames,
  optionNames,
} from '../../../base/check-options.js'
import { inspectValue } from '../../../base/strings/inspect-value.js'
import { checkNamedValues, OPTION_CODE, refuseOption, wholeNumber } from '../../exporter-options.js'
import { checkDestination, type Destination } from '../../sending/destination.js'
import { checkSender, SENDER_OPTIONS, type SenderOptions, type SenderSettings } from '../../sending/sender-options.js'
import { isLabelName } from '../format/names.js'
import type { NativeHistograms } from './family-series.js'
import type { Compress } from './snappy-block.js'

export interface RemoteWriteExporterOptions extends SenderOptions {
  /** URL of the receiver, such as `http://127.0.0.1:9090/api/v1/write`. User and password become Basic authorization. */
  readonly url: string | URL
  /** Version of the protocol. `auto` tries version 2, and uses the one that the receiver accepts. Default 1. */
  readonly version?: 1 | 2 | 'auto'
  /** The label `job`. Default: `service.namespace/service.name` of the resource, or `unknown_service:node`. */
  readonly job?: string
  /** The label `instance`, which must be distinct. Default: `service.instance.id` of the resource, or host name and process id. */
  readonly instance?: string
  /** Labels of every series. A label of the series itself takes precedence. Default: none. */
  readonly externalLabels?: Readonly<Record<string, string>>
  /** Sends distributions with exponential buckets as native histograms, or as `both` native and classic ones. Default false. */
  readonly nativeHistograms?: NativeHistograms
  /** True if exemplars are sent. Default true. */
  readonly exemplars?: boolean
  /** True if types, units and descriptions are sent. Default true. */
  readonly metadata?: boolean
  /** True if version 2 sends the start times of cumulative series. Default true. */
  readonly createdTimestamps?: boolean
  /** True if a removed series gets a stale marker. Needs memory for the labels of all rows. Default true. */
  readonly staleMarkers?: boolean
  /** True if `shutdown` sends stale markers for all series. Default true. */
  readonly staleOnShutdown?: boolean
  /** Maximum number of samples in one request, 1 … 1 000 000. A row with more is sent in a separate request. Default 2 000. */
  readonly maxSamplesPerRequest?: number
  /** Target size of one request before compression, in bytes, 1 024 … 33 554 432. Default 4 194 304. */
  readonly maxRequestBytes?: number
  /** True if requests with status 429 are retried. Default true. */
  readonly retryOn429?: boolean
  /** Compresses bytes as one Snappy block. Default: the package `snappy`. Without it, bodies are not compressed. */
  readonly compress?: Compress
}

const OPTIONS: OptionNames<RemoteWriteExporterOptions> = optionNames(
  'url version job instance externalLabels nativeHistograms exemplars metadata createdTimestamps staleMarkers staleOnShutdown maxSamplesPerRequest maxRequestBytes retryOn429 compress',
  SENDER_OPTIONS,
)

const SWITCHES = ['exemplars', 'metadata', 'createdTimestamps', 'staleMarkers', 'staleOnShutdown', 'retryOn429'] as const

export interface RemoteWriteSettings extends SenderSettings, Readonly<Record<(typeof SWITCHES)[number], boolean>> {
  readonly destination: Destination
  readonly version: 1 | 2 | 'auto'
  readonly job: string | undefined
  readonly instance: string | undefined
  readonly externalLabels: Readonly<Record<string, string>>
  readonly nativeHistograms: NativeHistograms
  readonly maxSamplesPerRequest: number
  readonly maxRequestBytes: number
  readonly compress: Compress | undefined
}

/** @throws {@link DefinitionError} `ERR_OPTION`, `ERR_EXPORTER_URL`, `ERR_EXPORTER_OPTION`. */
export function checkRemoteWriteOptions(options: RemoteWriteExporterOptions): RemoteWriteSettings {
  checkRequiredOptions('RemoteWriteExporter', options, OPTIONS)
  const { version = 1, job, instance, externalLabels = {}, nativeHistograms = false, compress } = options
  for (const [name, value] of Object.entries({ job, instance })) {
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      refuseOption(`${name} must be a string: it is ${inspectValue(value)}`)
  }
  checkNamedValues('externalLabels', externalLabels)
  for (const [name, value] of Object.entries(externalLabels)) {
    if (!isLabelName(name) || typeof value !== 'string') {
      refuseOption(`externalLabels must be valid label names with string values: ${inspectValue(name)} is ${inspectValue(value)}`)
    }
  }
  const switches = Object.fromEntries(SWITCHES.map((name) => [name, options[name] === undefined ? true : options[name]]))
  checkBooleans(OPTION_CODE, switches)
  checkFunctions(OPTION_CODE, { compress })
  return {
    ...checkSender(options, 2),
    ...(switches as Record<(typeof SWITCHES)[number], boolean>),
    destination: checkDestination('url', options.url),
    version: checkOneOf(OPTION_CODE, 'version', version, [1, 2, 'auto']),
    job,
    instance,
    externalLabels: { ...externalLabels },
    nativeHistograms: checkOneOf(OPTION_CODE, 'nativeHistograms', nativeHistograms, [true, false, 'both']),
    maxSamplesPerRequest: wholeNumber('maxSamplesPerRequest', options.maxSamplesPerRequest, 2_000, 1, 1_000_000),
    maxRequestBytes: wholeNumber('maxRequestBytes', options.maxRequestBytes, 4 << 20, 1_024, 32 << 20),
    compress,
  }
}
