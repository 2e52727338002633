import { type SelfCount, selfCount, selfFamily } from '../../base/internal-metrics.js'

const baggage = selfFamily({
  name: 'tallyscope_opentracing_baggage_dropped_total',
  description: 'Baggage items that were not taken because of a limit or after the end of their span',
  type: 'counter',
  unit: '1',
  labelKeys: ['reason'],
})

export const baggageDrops: { readonly count: SelfCount; readonly length: SelfCount; readonly invalid: SelfCount } = {
  count: selfCount(baggage, 'count'),
  length: selfCount(baggage, 'length'),
  invalid: selfCount(baggage, 'invalid'),
}

const carriers = selfFamily({
  name: 'tallyscope_opentracing_corrupted_total',
  description: 'Carriers that held a damaged context, for which extract gave null',
  type: 'counter',
  unit: '1',
  labelKeys: ['format'],
})

/** A damaged carrier of this format. */
export function countCorrupted(format: string): void {
  selfCount(carriers, format).value++
}

const misuses = selfFamily({
  name: 'tallyscope_opentracing_scope_misuse_total',
  description: 'Scopes that were closed twice, in the wrong order or by somebody else than who opened them',
  type: 'counter',
  unit: '1',
  labelKeys: ['reason'],
})

export const scopeMisuses: { readonly closedTwice: SelfCount; readonly notActive: SelfCount; readonly notOwner: SelfCount } = {
  closedTwice: selfCount(misuses, 'closed_twice'),
  notActive: selfCount(misuses, 'not_active'),
  notOwner: selfCount(misuses, 'not_owner'),
}

/** Scopes that `activate` or `startActiveSpan` without a callback opened and nobody has closed. */
export const openScopes: SelfCount = selfCount(
  selfFamily({
    name: 'tallyscope_opentracing_open_scopes',
    description: 'Scopes that are open and were not opened for a callback',
    type: 'gauge',
    unit: '1',
    labelKeys: [],
  }),
)
