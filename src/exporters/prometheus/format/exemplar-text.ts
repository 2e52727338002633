import { idleCount, internalCounter } from '../../../base/internal-metrics.js'
import type { Exemplar } from '../../../metrics/data/metric.js'
import { escapeValue } from './escape.js'
import { formatNumber } from './format-number.js'
import { isLabelName } from './names.js'

const left = internalCounter(
  'tallyscope_prometheus_left_out_exemplars_total',
  'Exemplars left out of expositions, by reason. Their measurements are included.',
  'reason',
)
const badName = idleCount(left, 'label_name')
const tooLong = idleCount(left, 'too_long')
const outside = idleCount(left, 'outside_bucket')

/** The limit of OpenMetrics for the names and values of an exemplar's labels together. */
const MAX_CODE_POINTS = 128

/** Returns the labels of an exemplar with well-formed values. If they are illegal or too long, counts this and returns undefined. */
export function exemplarLabels(exemplar: Exemplar): readonly (readonly [string, string])[] | undefined {
  const labels: [string, string][] = []
  let length = 0
  left.inUse = true
  for (const [name, value] of Object.entries(exemplar.attachments)) {
    if (!isLabelName(name)) {
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

/** Returns true if the value is in the bucket (`above`, `upTo`]. Counts it otherwise. */
export function isWithin({ value }: Exemplar, above: number, upTo: number): boolean {
  if (value <= upTo && (value > above || above === -Infinity)) return true
  outside.value++
  return false
}

/**
 * Formats an exemplar as the part of a line after the value. Returns an empty string for an exemplar that a parser would reject, so that
 * it does not make the scrape fail.
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
