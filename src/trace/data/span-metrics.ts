import { contextState } from '../../base/context.js'
import { idleCount, type InternalCount, internalCounter, internalGauge, markInUse } from '../../base/internal-metrics.js'

const misuses = internalCounter(
  'tallyscope_span_misuse_total',
  'Spans used wrongly: calls at the wrong time, which change nothing, and current spans that are never ended',
  'reason',
)

const dropped = internalCounter(
  'tallyscope_span_items_dropped_total',
  'Parts of sampled spans that were dropped because of a limit or an unknown type',
  'item',
  'reason',
)

const cut = internalCounter(
  'tallyscope_span_strings_cut_total',
  'Names, keys and messages of spans that were longer than their limit',
  'item',
)

const lost = internalCounter('tallyscope_spans_lost_total', 'Sampled spans that a transport refused with an error', 'reason')

/** Calls of `end()` on ended spans. */
export const endedTwice: InternalCount = idleCount(misuses, 'ended_twice')
/** Other calls on ended spans, such as `addAttribute()`. */
export const usedAfterEnd: InternalCount = idleCount(misuses, 'used_after_end')
/** Calls of `endSpan()` and `addAttributeToCurrentSpan()` without a current span. */
export const noCurrentSpan: InternalCount = idleCount(misuses, 'no_current_span')

/** Current spans with a thousand others around them, so that they are probably never ended. */
export const neverEnded: InternalCount = idleCount(misuses, 'never_ended')

const open = internalGauge('tallyscope_spans_open', 'Sampled spans that have begun and not ended; if it only grows, some are never ended')
open.series.set('[]', {
  labelValues: [],
  count: {
    get value(): number {
      return contextState.openSampledSpans + contextState.agedSampledSpans
    },
  },
})

/** Names of spans longer than 256 code points. */
export const cutNames: InternalCount = idleCount(cut, 'name')
/** Keys of attributes longer than 256 code points. */
export const cutKeys: InternalCount = idleCount(cut, 'attribute_key')
/** Descriptions and messages of a status longer than 4 096 code points. */
export const cutMessages: InternalCount = idleCount(cut, 'message')
export const refusedValues: InternalCount = idleCount(dropped, 'attribute', 'type')
export const droppedAttributes: InternalCount = idleCount(dropped, 'attribute', 'limit')
export const droppedAnnotations: InternalCount = idleCount(dropped, 'annotation', 'limit')
export const droppedMessageEvents: InternalCount = idleCount(dropped, 'message_event', 'limit')
export const droppedLinks: InternalCount = idleCount(dropped, 'link', 'limit')
/** Spans for which the transport's `send` threw. */
export const transportThrew: InternalCount = idleCount(lost, 'transport_threw')

const threw = internalCounter(
  'tallyscope_trace_plugin_errors_total',
  'Errors thrown by samplers and propagators, which were caught',
  'plugin',
)

export const userCodeThrew: { readonly sampler: InternalCount; readonly propagator: InternalCount } = {
  sampler: idleCount(threw, 'sampler'),
  propagator: idleCount(threw, 'propagator'),
}

/** Exposes these metrics from now on, even if they are 0. */
export function markTracingInUse(): void {
  markInUse(misuses, dropped, cut, lost, open, threw)
}
