import { idleCount, type InternalCount, internalCount, internalCounter, internalGauge, markInUse } from '../../base/internal-metrics.js'

const baggage = internalCounter(
  'tallyscope_opentracing_baggage_dropped_total',
  'Baggage items that were dropped because of a limit or because the key or value is not a string, by reason.',
  'reason',
)

export const baggageDrops: { readonly count: InternalCount; readonly length: InternalCount; readonly invalid: InternalCount } = {
  count: idleCount(baggage, 'count'),
  length: idleCount(baggage, 'length'),
  invalid: idleCount(baggage, 'invalid'),
}

const carriers = internalCounter(
  'tallyscope_opentracing_corrupted_total',
  'Carriers with an invalid context, for which extract returned null, by format.',
  'format',
)

/** Counts a carrier with an invalid context. */
export function countCorrupted(format: string): void {
  internalCount(carriers, format).value++
}

const misuses = internalCounter(
  'tallyscope_opentracing_scope_misuse_total',
  'Scopes that were closed twice, in the wrong order or by another task than the one that opened them, by reason.',
  'reason',
)

export const scopeMisuses: { readonly closedTwice: InternalCount; readonly notActive: InternalCount; readonly notOwner: InternalCount } = {
  closedTwice: idleCount(misuses, 'closed_twice'),
  notActive: idleCount(misuses, 'not_active'),
  notOwner: idleCount(misuses, 'not_owner'),
}

const open = internalGauge('tallyscope_opentracing_open_scopes', 'Scopes that are open and were opened without a callback.')

/** Open scopes of `activate`, and of `startActiveSpan` without a callback. */
export const openScopes: InternalCount = idleCount(open)

/** Exposes these metrics from now on, even if they are 0. */
export function markOpenTracingInUse(): void {
  markInUse(baggage, misuses, open)
}
