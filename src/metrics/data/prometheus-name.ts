import type { MetricDescriptor } from './metric.js'

/**
 * Words for UCUM units in Prometheus names. Other units, and `1`, add nothing to a name. Values are never converted.
 * @see https://prometheus.io/docs/practices/naming/
 */
const UNIT_WORDS: ReadonlyMap<string, string> = new Map([
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['min', 'minutes'],
  ['h', 'hours'],
  ['d', 'days'],
  ['By', 'bytes'],
  ['kBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tebibytes'],
  ['bit', 'bits'],
  ['By/s', 'bytes_per_second'],
  ['bit/s', 'bits_per_second'],
  ['Hz', 'hertz'],
  ['%', 'percent'],
  ['Cel', 'celsius'],
  ['K', 'kelvin'],
  ['m', 'meters'],
  ['g', 'grams'],
  ['kg', 'kilograms'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['W', 'watts'],
  ['J', 'joules'],
])

/** The word for a UCUM unit in a name, or undefined if it has none. */
export function unitWord(unit: string): string | undefined {
  return UNIT_WORDS.get(unit)
}

/**
 * The name of a family without the suffixes of its type, as OpenMetrics writes it after `# TYPE`.
 *
 * Characters that are not allowed become `_`, and `_total` is removed. The word for the unit is appended unless the name already ends with
 * it. Info and state sets have no unit. An `exactName` only loses the suffix that its type adds again.
 */
export function baseName(descriptor: MetricDescriptor): string {
  const { name, type, exactName = false } = descriptor
  const legal = legalName(name, exactName)
  if (type === 'INFO') return without(legal, '_info')
  if (exactName) return isCumulative(descriptor) ? without(legal, '_total') : legal
  const bare = without(legal, '_total')
  const word = type === 'STATE_SET' ? undefined : unitWord(descriptor.unit)
  return word === undefined || bare === word || bare.endsWith(`_${word}`) ? bare : `${bare}_${word}`
}

/**
 * The name of a metric in Prometheus, the same in every format.
 * @example
 * exposedName({ name: 'shop/latency', unit: 's', type: 'CUMULATIVE_DOUBLE', … }) // shop_latency_seconds_total
 */
export function exposedName(descriptor: MetricDescriptor): string {
  const exact = descriptor.exactName ?? false
  if (exact) return legalName(descriptor.name, true)
  return baseName(descriptor) + (isCumulative(descriptor) ? '_total' : descriptor.type === 'INFO' ? '_info' : '')
}

/** The names of a family and of its samples in text 0.0.4 and protobuf. Each may occur in one family of a document only. */
export function sampleNames(descriptor: MetricDescriptor): readonly string[] {
  const name = exposedName(descriptor)
  if (descriptor.type === 'CUMULATIVE_DISTRIBUTION') return [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]
  return descriptor.type === 'SUMMARY' ? [name, `${name}_count`, `${name}_sum`] : [name]
}

/**
 * The names that OpenMetrics reserves for a family. Each may belong to one family of a document only. Suffixes count: a counter `a` and a
 * gauge `a` clash, although `a_total` and `a` differ.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#metricfamily-name
 */
export function ownedNames(descriptor: MetricDescriptor): readonly string[] {
  const base = baseName(descriptor)
  const name = exposedName(descriptor)
  switch (descriptor.type) {
    case 'CUMULATIVE_INT64':
    case 'CUMULATIVE_DOUBLE':
      // In OpenMetrics, an exact name without `_total` is not a counter, and has no suffixes.
      return name === base ? [base] : [base, name, `${base}_created`]
    case 'CUMULATIVE_DISTRIBUTION':
      return [base, `${base}_bucket`, `${base}_count`, `${base}_sum`, `${base}_created`]
    case 'SUMMARY':
      return [base, `${base}_count`, `${base}_sum`, `${base}_created`]
    default:
      return name === base ? [base] : [base, name]
  }
}

/**
 * The name of a label, valid in every format: characters that are not allowed become `_`, and the name does not begin with a digit or with
 * two underscores, which Prometheus reserves.
 */
export function labelName(key: string): string {
  const legal = key.replace(/[^a-zA-Z0-9_]/gu, '_').replace(/^_{2,}/, '_')
  return legal === '' || isDigit(legal.charCodeAt(0)) ? `_${legal}` : legal
}

export function isCumulative({ type }: MetricDescriptor): boolean {
  return type === 'CUMULATIVE_INT64' || type === 'CUMULATIVE_DOUBLE'
}

function legalName(name: string, keepColons: boolean): string {
  const legal = name.replace(keepColons ? /[^a-zA-Z0-9_:]/gu : /[^a-zA-Z0-9_]/gu, '_')
  return legal === '' || isDigit(legal.charCodeAt(0)) ? `_${legal}` : legal
}

function without(name: string, suffix: string): string {
  return name.length > suffix.length && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
