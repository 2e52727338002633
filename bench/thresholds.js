// @ts-check
// What is promised of the figures. `npm run bench:check` fails where one is missed by more than the tolerance.

/** Share by which a figure may miss its promise on a noisy machine. */
export const TOLERANCE = 0.1

/**
 * One promise. Either the ratio of ours to a peer, or a figure of ours alone.
 * @typedef {object} Threshold
 * @property {string} comparison Its name.
 * @property {string} [peer] Ours ÷ this is at most `atMost`; absent: our own figure is.
 * @property {number} atMost
 * @property {'time' | 'bytes beyond'} [what] `bytes beyond`: ours − the peer's bytes per call. Default the measured figure.
 */

/** @type {readonly Threshold[]} */
export const THRESHOLDS = [
  { comparison: 'counter, one bound handle', peer: 'prom-client', atMost: 1 / 100 },
  { comparison: 'counter, 10,000 bound handles in turn', peer: 'prom-client', atMost: 1 / 40 },
  { comparison: 'distribution, 2 tags, one TagMap reused', peer: 'prom-client', atMost: 1 / 25 },
  { comparison: 'distribution, 2 tags, one TagMap reused', peer: 'OpenTelemetry', atMost: 1 / 60 },
  { comparison: 'counter, 2 tags, one plain object kept', peer: 'prom-client', atMost: 1 / 5 },
  { comparison: 'counter, 2 tags, one plain object kept', peer: 'OpenTelemetry', atMost: 1 / 20 },
  { comparison: 'distribution, 2 tags, one plain object kept', peer: 'prom-client', atMost: 1 / 5 },
  { comparison: 'distribution, 2 tags, one plain object kept', peer: 'OpenTelemetry', atMost: 1 / 20 },
  { comparison: 'counter, 2 tags, fresh object each time, 40 rows', peer: 'prom-client', atMost: 1 / 4 },
  { comparison: 'counter, 2 tags, fresh object each time, 40 rows', peer: 'OpenTelemetry', atMost: 1 / 12 },
  { comparison: 'counter, 2 tags, fresh object each time, 40 rows', peer: 'OpenCensus', atMost: 1 / 12 },
  { comparison: 'counter, 5 tags, fresh object each time', peer: 'prom-client', atMost: 1 / 4 },
  { comparison: 'counter, 5 tags, fresh object each time', peer: 'OpenTelemetry', atMost: 1 / 12 },
  { comparison: 'counter, 2 tags, fresh objects, 10,000 rows', peer: 'prom-client', atMost: 1 / 3 },
  { comparison: 'counter, 2 tags, fresh objects, 10,000 rows', peer: 'OpenTelemetry', atMost: 1 / 10 },
  { comparison: 'distribution of 12 buckets, fresh object, 40 rows', peer: 'prom-client', atMost: 1 / 6 },
  { comparison: 'distribution of 12 buckets, fresh object, 40 rows', peer: 'OpenTelemetry', atMost: 1 / 15 },
  { comparison: 'one request: 2 counters, 1 distribution, 1 gauge up and down, fresh objects', peer: 'prom-client', atMost: 1 / 5 },
  { comparison: 'one request: 2 counters, 1 distribution, 1 gauge up and down, fresh objects', peer: 'OpenTelemetry', atMost: 1 / 14 },
  { comparison: 'distribution of 12 buckets, bound handle', peer: 'prom-client', atMost: 1 / 50 },
  { comparison: 'TagMap of 2 tags, measure with 1 view', peer: 'OpenCensus', atMost: 1 / 30 },
  { comparison: 'TagMap of 2 tags, measure with 5 views', peer: 'OpenCensus', atMost: 1 / 80 },
  { comparison: 'five views over one view', peer: 'one view', atMost: 2 },
  { comparison: 'a measure without a view', peer: 'empty call', atMost: 3 },
  // Nothing is allocated beyond the caller's own object. A tenth of a byte is what the compiler leaves behind in between.
  ...[
    'counter, no labels',
    'counter, one bound handle',
    'counter, 10,000 bound handles in turn',
    'counter, 2 tags, one plain object kept',
    'counter, 5 tags, one plain object kept',
    'distribution, no labels',
    'distribution of 12 buckets, bound handle',
    'distribution, 2 tags, one TagMap reused',
    'distribution, 2 tags, one plain object kept',
    'TagMap of 2 tags, measure with 5 views',
    'a measure without a view',
  ].map((comparison) => /** @type {Threshold} */ ({ comparison, what: 'bytes beyond', atMost: 0.5 })),
  ...[
    'counter, 2 tags, fresh object each time, 40 rows',
    'counter, 5 tags, fresh object each time',
    'counter, 2 tags, fresh objects, 10,000 rows',
    'distribution of 12 buckets, fresh object, 40 rows',
  ].map((comparison) => /** @type {Threshold} */ ({ comparison, peer: "caller's object", what: 'bytes beyond', atMost: 0.5 })),
]
