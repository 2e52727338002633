import { checkBooleans, checkMethods, checkNumber, checkOptions, isObject, type OptionNames } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/strings/inspect-value.js'
import type { SpanLimits } from '../trace/data/span-limits.js'
import type { SpanSummaryOptions } from '../trace/views/span-store.js'

/** The options of a tracer that are checked. */
interface GivenOptions {
  readonly sampler?: unknown
  readonly propagator?: unknown
  readonly stats?: unknown
  readonly baggage?: unknown
  readonly clock?: unknown
  readonly random?: unknown
  readonly transport?: unknown
  readonly untrusted?: unknown
  readonly randomTraceIdFlag?: unknown
  readonly defaultAttributes?: unknown
  readonly summary?: SpanSummaryOptions | false | undefined
  readonly limits?: Partial<SpanLimits> | undefined
}

/** The methods that components of a tracer must have. */
const METHODS: { readonly [key in keyof GivenOptions]?: readonly string[] } = {
  sampler: ['shouldSample'],
  propagator: ['inject', 'extract'],
  stats: ['measure', 'record'],
  baggage: ['inject', 'extract'],
  clock: ['unixMs', 'monotonicMs'],
  random: ['next'],
}

const LIMITS: OptionNames<SpanLimits> = { attributes: true, annotations: true, messageEvents: true, links: true }
const SUMMARY: OptionNames<SpanSummaryOptions> = { names: true, samplesPerBucket: true, sampleIntervalMs: true, running: true }

/**
 * Checks the components of a tracer, since an unusable sampler or propagator would otherwise only show as missing spans.
 * @throws {@link DefinitionError} `ERR_TRACER_OPTION` for the first invalid component, `ERR_OPTION` for an unknown limit.
 */
export function checkTracerOptions(options: GivenOptions): void {
  for (const [name, methods] of Object.entries(METHODS)) {
    const part = options[name as keyof GivenOptions]
    if (part !== undefined) checkMethods('ERR_TRACER_OPTION', `${name} of a tracer`, part, methods)
  }
  const { limits, transport, untrusted, randomTraceIdFlag, defaultAttributes, summary } = options
  if (transport !== undefined && typeof transport !== 'function') {
    const rule = 'transport of a tracer must be a function that creates a transport for an exporter'
    throw new DefinitionError('ERR_TRACER_OPTION', `${rule}: it is ${inspectValue(transport)}`)
  }
  checkBooleans('ERR_TRACER_OPTION', { 'untrusted of a tracer': untrusted, 'randomTraceIdFlag of a tracer': randomTraceIdFlag })
  if (defaultAttributes !== undefined && !isObject(defaultAttributes)) {
    const rule = 'defaultAttributes of a tracer must be an object'
    throw new DefinitionError('ERR_TRACER_OPTION', `${rule}: it is ${inspectValue(defaultAttributes)}`)
  }
  checkOptions('the limits of Tracer', limits, LIMITS)
  checkLimits('limits', limits)
  if (summary === false) return
  checkOptions('the summary of Tracer', summary, SUMMARY)
  checkLimits('summary', summary)
}

function checkLimits(owner: string, limits: object = {}): void {
  for (const [name, limit] of Object.entries(limits)) {
    if (limit !== undefined) checkNumber('ERR_TRACER_OPTION', `${owner}.${name}`, limit, { min: 0, max: Infinity })
  }
}
