import type { Outcome } from './vectors.js'

/** A case whose outcome a decision of this library overrules: why, and what it comes to instead. */
export interface Overruled {
  readonly reason: string
  readonly ours: Outcome
}

export const overruled: Readonly<Record<string, Overruled>> = {
  'tags.map_ops/015': {
    reason: 'tag values may be any text; only the wire wants printable ASCII',
    ours: { value: [['k', 'bad\u0001']] },
  },
  'prom.histogram/001': {
    reason: 'a value on a bound belongs to the bucket below, as le says',
    ours: { value: { buckets: [['1', 2], ['5', 2], ['10', 3], ['+Inf', 4]], sum: 78.5, count: 4 } },
  },
  'prom.histogram/005': {
    reason: 'a bound of 0 stays: values of 0 are in its bucket',
    ours: { value: { buckets: [['0', 0], ['1', 1], ['+Inf', 2]], sum: 2.5, count: 2 } },
  },
}
