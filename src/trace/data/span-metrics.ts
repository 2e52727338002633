import { contextState } from '../../base/context.js'
import { selfCount, selfFamily, type SelfCount } from '../../base/internal-metrics.js'

const misuses = selfFamily({
  name: 'tallyscope_span_misuse_total',
  description: 'Spans used wrongly: calls that came at the wrong time and changed nothing, and current spans that nobody ends',
  type: 'counter',
  unit: '1',
  labelKeys: ['reason'],
})

const dropped = selfFamily({
  name: 'tallyscope_span_items_dropped_total',
  description: 'Parts of sampled spans that were dropped because of a limit or an unknown type',
  type: 'counter',
  unit: '1',
  labelKeys: ['item', 'reason'],
})

const lost = selfFamily({
  name: 'tallyscope_spans_lost_total',
  description: 'Sampled spans that a transport refused with an error',
  type: 'counter',
  unit: '1',
  labelKeys: ['reason'],
})

/** `end()` on a span that has ended. */
export const endedTwice: SelfCount = selfCount(misuses, 'ended_twice')
/** An attribute, annotation, … for a span that has ended. */
export const usedAfterEnd: SelfCount = selfCount(misuses, 'used_after_end')
/** `endSpan()` or `addAttributeToCurrentSpan()` where no span is current. */
export const noCurrentSpan: SelfCount = selfCount(misuses, 'no_current_span')

/** A thousand spans were current inside each other, and were let go of. */
export const neverEnded: SelfCount = selfCount(misuses, 'never_ended')

const open = selfFamily({
  name: 'tallyscope_spans_open',
  description: 'Sampled spans that have begun and not ended; where it only grows, some never are',
  type: 'gauge',
  unit: '1',
  labelKeys: [],
})
open.series.set('[]', {
  labelValues: [],
  count: {
    get value(): number {
      return contextState.openSampledSpans + contextState.agedSampledSpans
    },
  },
})

export const refusedValues: SelfCount = selfCount(dropped, 'attribute', 'type')
export const droppedAttributes: SelfCount = selfCount(dropped, 'attribute', 'limit')
export const droppedAnnotations: SelfCount = selfCount(dropped, 'annotation', 'limit')
export const droppedMessageEvents: SelfCount = selfCount(dropped, 'message_event', 'limit')
export const droppedLinks: SelfCount = selfCount(dropped, 'link', 'limit')
/** A transport's `send` threw. */
export const transportThrew: SelfCount = selfCount(lost, 'transport_threw')

const threw = selfFamily({
  name: 'tallyscope_trace_plugin_errors_total',
  description: 'Errors thrown by samplers and propagators, which were caught',
  type: 'counter',
  unit: '1',
  labelKeys: ['plugin'],
})

export const userCodeThrew: { readonly sampler: SelfCount; readonly propagator: SelfCount } = {
  sampler: selfCount(threw, 'sampler'),
  propagator: selfCount(threw, 'propagator'),
}
