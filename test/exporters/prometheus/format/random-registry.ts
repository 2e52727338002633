import type { Exemplar, Metric, PointValue, TimeSeries } from '../../../../src/metrics/data/metric.js'
import { METRIC_TYPES } from '../../../../src/metrics/data/validate-definition.js'

/** Numbers that look random and are the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const HOSTILE = [
  '',
  ' ',
  'plain',
  '/cart?x=1&y=2',
  '"',
  '\\',
  '\n',
  '\\n',
  '\\"',
  'a\nb"c\\d',
  '"} 1\nevil_total{a="b',
  '# EOF',
  ' # {trace_id="x"} 1',
  '{',
  '}',
  ',',
  '=',
  '\0',
  '\r',
  '\r\n',
  '\t',
  '\u001b[31m',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\uffff',
  '😀',
  'é',
  'e\u0301',
  '\ud800',
  'x\udc00y',
  '__proto__',
  'constructor',
  'NaN',
  '+Inf',
  'x'.repeat(300),
]
const UNITS = ['1', 's', 'ms', 'By', '%', '{jobs}', '']
const NAMES = [
  'shop/requests',
  'latency',
  'a.b',
  'a_b',
  'x_total',
  'y_info',
  'größe',
  'seconds',
  'queue-depth',
  'h',
  'h_count',
  'h/bucket',
  'x_created',
  '0',
  'a:b',
]
const KEYS = ['method', 'http.route', 'größe', '1st', 'a-b', 'A', '_', 'user id', 'constructor']
const NUMBERS = [0, 1, -0, 0.1, 5e-324, 1e-7, 123_456_789, 2 ** 53, 1e21, 1.7976931348623157e308]

/** The metrics of a made-up program: any types, hostile labels and numbers, now and then names that clash. */
export function randomRegistry(random: () => number): Metric[] {
  const whole = (below: number) => Math.floor(random() * below)
  const one = <T>(of: readonly T[]): T => of[whole(of.length)]!
  const text = () => (random() < 0.6 ? one(HOSTILE) : one(HOSTILE) + one(HOSTILE))
  const number = () => (random() < 0.4 ? one(NUMBERS) : random() * 10 ** whole(12))
  const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

  const exemplar = (above: number, upTo: number): Exemplar => {
    const value = random() < 0.1 ? number() : upTo === Infinity ? (Number.isFinite(above) ? above * 2 + 1 : 1) : upTo
    const attachments = Object.fromEntries(times(whole(4), () => [random() < 0.1 ? text() : `k${whole(5)}`, text()]))
    return {
      value,
      timeUnixMs: one([1_700_000_000_123, 0, 1.5, Number.NaN]),
      attachments: random() < 0.5 ? { trace_id: 'abc' } : attachments,
    }
  }

  const distribution = (bounds: readonly number[]): PointValue => {
    const bucketCounts = times(bounds.length + 1, () => (random() < 0.5 ? 0 : whole(1e6)))
    const count = bucketCounts.reduce((a, b) => a + b, 0)
    const sum = (random() < 0.1 ? -1 : 1) * number()
    const exemplars = bucketCounts.map((inBucket, i) =>
      inBucket > 0 && random() < 0.3 ? exemplar(bounds[i - 1] ?? -Infinity, bounds[i] ?? Infinity) : undefined,
    )
    return { kind: 'distribution', count, sum, mean: 0, sumOfSquaredDeviation: 0, bounds, bucketCounts, exemplars }
  }

  return times(1 + whole(5), () => {
    const type = one(METRIC_TYPES)
    const labelKeys = KEYS.filter(() => random() < 0.25)
    if (type === 'STATE_SET') labelKeys.push('state')
    const bounds = [...new Set(times(whole(6), () => (random() < 0.15 ? -number() : number())))].sort((a, b) => a - b)
    const valueOf = (): PointValue => {
      if (type === 'CUMULATIVE_DISTRIBUTION') return distribution(bounds)
      if (type === 'SUMMARY') {
        const quantiles = [0, 0.5, 0.99, 1].filter(() => random() < 0.7)
        return {
          kind: 'summary',
          count: whole(100),
          sum: number() * one([1, 1, -1]),
          quantiles: quantiles.map((quantile) => ({ quantile, value: one([number(), Number.NaN, -number()]) })),
        }
      }
      if (type === 'INFO') return 1
      if (type === 'STATE_SET') return whole(2)
      return type.startsWith('GAUGE') && random() < 0.2 ? one([Number.NaN, Infinity, -Infinity, -number()]) : number()
    }
    const seen = new Set<string>()
    const timeSeries: TimeSeries[] = []
    for (let i = 0; i < whole(6); i++) {
      const labelValues = labelKeys.map((key) => (key === 'state' ? `s${i}` : random() < 0.2 ? undefined : text()))
      const overflow = type !== 'STATE_SET' && random() < 0.05
      const identity = JSON.stringify([labelValues.map((value) => value?.toWellFormed() || null), overflow])
      if (seen.has(identity)) continue
      seen.add(identity)
      const points = [{ timeUnixMs: 1_700_000_000_000, value: valueOf() }]
      const isCounter = type === 'CUMULATIVE_INT64' || type === 'CUMULATIVE_DOUBLE'
      timeSeries.push({
        labelValues,
        ...(overflow && { overflow }),
        ...((isCounter || type === 'CUMULATIVE_DISTRIBUTION' || type === 'SUMMARY') && { startTimeUnixMs: 1_699_999_999_123 }),
        points,
        ...(isCounter && random() < 0.3 && { exemplar: exemplar(-Infinity, Infinity) }),
      })
    }
    const exactName = random() < 0.2
    return {
      descriptor: {
        name: one(NAMES),
        description: random() < 0.2 ? '' : text(),
        unit: one(UNITS),
        type,
        labelKeys,
        ...(exactName && { exactName }),
      },
      timeSeries,
    }
  })
}
