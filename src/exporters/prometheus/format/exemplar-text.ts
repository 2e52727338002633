import { idleCount, internalCounter } from '../../../base/internal-metrics.js'
import type { Exemplar } from '../../../metrics/data/metric.js'
import { escapeValue } from './escape.js'
import { formatNumber } from './format-number.js'

const left = internalCounter(
  'tallyscope_prometheus_left_out_exemplars_total',
  'Exemplars left out of expositions; their measurements are in.',
  'reason',
)
const badName = idleCount(left, 'label_name')
const tooLong = idleCount(left, 'too_long')
const outside = idleCount(left, 'outside_bucket')

/** Names and values of an exemplar's labels together, in code points, by OpenMetrics. */
const MAX_CODE_POINTS = 128
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/

/** Labels of an exemplar that may be sent: legal names, well-formed values, short enough. Undefined otherwise, and counted. */
export function exemplarLabels(exemplar: Exemplar): readonly (readonly [string, string])[] | undefined {
  const labels: [string, string][] = []
  let length = 0
  left.inUse = true
  for (const [name, value] of Object.entries(exemplar.attachments)) {
    if (!LABEL_NAME.test(name)) {
      badName.value++
      return undefined
    }
    const text = value.toWellFormed()
    length += name.length + codePoints(text)
    labels.push([name, text])
  }
  if (length <= MAX_CODE_POINTS) return labels
  tooLong.value++
  return undefined
}

/** True if the value lies in the bucket (`above`, `upTo`]; otherwise counted. */
export function isWithin({ value }: Exemplar, above: number, upTo: number): boolean {
  if (value <= upTo && (value > above || above === -Infinity)) return true
  outside.value++
  return false
}

/**
 * The part of a sample's line after its value, or nothing. An exemplar that readers would refuse is left out: one bad
 * trace id must not cost the scrape.
 */
export function exemplarText(exemplar: Exemplar | undefined, above: number, upTo: number): string {
  if (exemplar === undefined || !isWithin(exemplar, above, upTo)) return ''
  const labels = exemplarLabels(exemplar)
  if (labels === undefined) return ''
  const text = labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')
  const seconds = exemplar.timeUnixMs / 1_000
  return ` # {${text}} ${formatNumber(exemplar.value)}${Number.isFinite(seconds) ? ` ${formatNumber(seconds)}` : ''}`
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
