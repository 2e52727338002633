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
  'stats.bounds/005': { reason: 'a bound of 0 stays: a value of 0 is in its bucket', ours: { value: [0] } },
  'stats.bounds/010': { reason: 'a bound of 0 stays: a value of 0 is in its bucket', ours: { value: [0] } },
  'stats.distribution/016': {
    reason: 'a value on a bound belongs to the bucket below, as le says',
    ours: { value: { count: 3, sum: 6, mean: 2, sumSqDev: 2, buckets: [1, 1, 1, 0] } },
  },
  'stats.distribution/017': {
    reason: 'a value on a bound belongs to the bucket below, as le says',
    ours: { value: { count: 100, sum: 4950, mean: 49.5, sumSqDev: 83325, buckets: [6, 94] } },
  },
  'stats.scenario/019': {
    reason: 'a value on a bound belongs to the bucket below, and the bound 0 stays',
    ours: { value: { v: [{ tags: {}, count: 2, sum: 5, buckets: [1, 1, 0, 0] }] } },
  },
  'metrics.point/009': { reason: 'bad values never throw when they are recorded: they are dropped and counted', ours: { value: 0 } },
  'metrics.labels/005': { reason: 'labels are given by name: a name that is not a key is passed over', ours: { value: true } },
  'metrics.labels/006': { reason: 'labels are given by name: those left out are not set', ours: { value: true } },
  'metrics.labels/007': { reason: 'labels are given by name: null is "not set"', ours: { value: true } },
  'metrics.distribution_value/012': { reason: 'a bound of 0 stays', ours: { value: true } },
  'metrics.distribution_value/013': { reason: 'signed measures have bounds below 0', ours: { value: true } },
  'metrics.summary_value/008': { reason: 'the quantile 0 is the least value', ours: { value: true } },
  'metrics.summary_value/010': { reason: 'summaries of prom-client take values below 0', ours: { value: true } },
  'prom.histogram/001': {
    reason: 'a value on a bound belongs to the bucket below, as le says',
    ours: { value: { buckets: [['1', 2], ['5', 2], ['10', 3], ['+Inf', 4]], sum: 78.5, count: 4 } },
  },
  'prom.histogram/005': {
    reason: 'a bound of 0 stays: values of 0 are in its bucket',
    ours: { value: { buckets: [['0', 0], ['1', 1], ['+Inf', 2]], sum: 2.5, count: 2 } },
  },
  'defaults/exemplar_attachment_keys': {
    reason: 'a sampled span gives its ids; the tags of a value are the labels of its series already',
    ours: { value: ['trace_id', 'span_id'] },
  },
  'defaults/dropped_measures': { reason: "what is dropped is among the library's own counters, not among measures", ours: { error: true } },
  'defaults/span_name_prefixes': { reason: 'there is no gRPC integration, and so no prefix that it would need', ours: { error: true } },
}
