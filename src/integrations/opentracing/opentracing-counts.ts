import { idleCount, type InternalCount, internalCount, internalCounter, internalGauge, markInUse } from '../../base/internal-metrics.js'

const baggage = internalCounter(
  'tallyscope_opentracing_baggage_dropped_total',
  'Baggage items that were not taken because of a limit or after the end of their span',
  'reason',
)

export const baggageDrops: { readonly count: InternalCount; readonly length: InternalCount; readonly invalid: InternalCount } = {
  count: idleCount(baggage, 'count'),
  length: idleCount(baggage, 'length'),
  invalid: idleCount(baggage, 'invalid'),
}

const carriers = internalCounter(
  'tallyscope_opentracing_corrupted_total',
  'Carriers that held a damaged context, for which extract gave null',
  'format',
)

/** A damaged carrier of this format. */
export function countCorrupted(format: string): void {
  internalCount(carriers, format).value++
}

const misuses = internalCounter(
  'tallyscope_opentracing_scope_misuse_total',
  'Scopes that were closed twice, in the wrong order or by another task than the one that opened them',
  'reason',
)

export const scopeMisuses: { readonly closedTwice: InternalCount; readonly notActive: InternalCount; readonly notOwner: InternalCount } = {
  closedTwice: idleCount(misuses, 'closed_twice'),
  notActive: idleCount(misuses, 'not_active'),
  notOwner: idleCount(misuses, 'not_owner'),
}

const open = internalGauge('tallyscope_opentracing_open_scopes', 'Scopes that are open and were not opened for a callback')

/** Scopes that `activate` or `startActiveSpan` without a callback opened and that are not closed. */
export const openScopes: InternalCount = idleCount(open)

/** Exposes these metrics, zeros included, from the first OpenTracing tracer on. */
export function markOpenTracingInUse(): void {
  markInUse(baggage, misuses, open)
}
