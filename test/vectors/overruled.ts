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
}
