// @ts-check
// The promised figures. `npm run bench:check` fails if one is missed by more than the tolerance. A figure that was aimed at and not reached
// has both: `aim`, and the promise that is held. The reasons are in notes/profile.md.

/** Relative tolerance for a noisy machine. */
export const TOLERANCE = 0.1

/**
 * One promise. Either the ratio of ours to a peer, or a figure of ours alone.
 * @typedef {object} Threshold
 * @property {string} comparison Its name.
 * @property {string} [peer] Ours ÷ this is at most `atMost`; absent: our own figure is.
 * @property {number} atMost The promise.
 * @property {number} [aim] A lower figure that has not been reached. Default: there is none beside the promise.
 * @property {string} [unit] Of a figure of ours alone.
 * @property {boolean} [heavy] Not measured in the quick mode.
 * @property {'24'} [node] Of which run it is a promise: the one of Node 24 with its newer peers. Default Node 20.
 * @property {'time' | 'bytes beyond'} [what] `bytes beyond`: ours − the peer's bytes per call. Default the measured figure.
 */

/** @type {readonly Threshold[]} */
export const THRESHOLDS = [
  { comparison: 'counter, no labels, not bound', peer: 'floor', atMost: 3 },
  { comparison: 'counter, one bound handle', peer: 'prom-client', atMost: 1 / 100 },
  { comparison: 'counter, 10,000 bound handles in turn', peer: 'prom-client', atMost: 1 / 40 },
  { comparison: 'distribution, 2 tags, one TagMap reused', peer: 'prom-client', atMost: 1 / 25 },
  { comparison: 'distribution, 2 tags, one TagMap reused', peer: 'OpenTelemetry', aim: 1 / 60, atMost: 1 / 38 },
  { comparison: 'counter, 2 tags, one plain object kept', peer: 'prom-client', aim: 1 / 5, atMost: 1 / 4 },
  { comparison: 'counter, 2 tags, one plain object kept', peer: 'OpenTelemetry', atMost: 1 / 20 },
  { comparison: 'distribution, 2 tags, one plain object kept', peer: 'prom-client', atMost: 1 / 5 },
  { comparison: 'distribution, 2 tags, one plain object kept', peer: 'OpenTelemetry', aim: 1 / 20, atMost: 1 / 15 },
  { comparison: 'counter, 2 tags, fresh object each time, 40 rows', peer: 'prom-client', atMost: 1 / 4 },
  { comparison: 'counter, 2 tags, fresh object each time, 40 rows', peer: 'OpenTelemetry', atMost: 1 / 12 },
  { comparison: 'counter, 2 tags, fresh object each time, 40 rows', peer: 'OpenCensus', aim: 1 / 12, atMost: 1 / 7.5 },
  { comparison: 'counter, 5 tags, fresh object each time', peer: 'prom-client', atMost: 1 / 4 },
  { comparison: 'counter, 5 tags, fresh object each time', peer: 'OpenTelemetry', atMost: 1 / 12 },
  { comparison: 'counter, 2 tags, fresh objects, 10,000 rows', peer: 'prom-client', atMost: 1 / 3 },
  { comparison: 'counter, 2 tags, fresh objects, 10,000 rows', peer: 'OpenTelemetry', atMost: 1 / 10 },
  { comparison: 'counter, 2 tags, fresh objects, 10,000 rows of a million combinations', peer: 'prom-client', atMost: 1 / 3 },
  { comparison: 'counter, 2 tags, fresh objects, 10,000 rows of a million combinations', peer: 'OpenTelemetry', atMost: 1 / 10 },
  { comparison: 'distribution of 12 buckets, fresh object, 40 rows', peer: 'prom-client', atMost: 1 / 6 },
  { comparison: 'distribution of 12 buckets, fresh object, 40 rows', peer: 'OpenTelemetry', atMost: 1 / 15 },
  { comparison: 'one request: 2 counters, 1 distribution, 1 gauge up and down, fresh objects', peer: 'prom-client', atMost: 1 / 5 },
  { comparison: 'one request: 2 counters, 1 distribution, 1 gauge up and down, fresh objects', peer: 'OpenTelemetry', atMost: 1 / 14 },
  { comparison: 'distribution of 12 buckets, bound handle', peer: 'prom-client', atMost: 1 / 50 },
  { comparison: 'TagMap of 2 tags, measure with 1 view', peer: 'OpenCensus', aim: 1 / 30, atMost: 1 / 20 },
  { comparison: 'TagMap of 2 tags, measure with 5 views', peer: 'OpenCensus', aim: 1 / 80, atMost: 1 / 55 },
  { comparison: 'TagMap.of for each record', peer: 'fresh plain object', atMost: 3 },
  { comparison: 'a handle for each record', peer: 'fresh plain object', atMost: 5 },
  { comparison: 'currentTags().with for each record', peer: 'fresh plain object', atMost: 3.5 },
  { comparison: 'one context tag, fresh objects', peer: 'the same view without', atMost: 1.5 },
  { comparison: 'withTags and one record, a map for each request', peer: 'fresh plain object', atMost: 6 },
  { comparison: 'three records in the context of a request, its map made once', peer: 'prom-client', atMost: 1 / 3 },
  { comparison: 'one of 50,000 series removed and made again', peer: 'prom-client', atMost: 3 },
  { comparison: 'five views over one view', peer: 'one view', atMost: 2 },
  { comparison: 'a measure without a view', peer: 'empty call', atMost: 3 },
  { comparison: '/metrics in process, 10,000 distributions, 1 % changed', peer: 'prom-client', atMost: 1 / 8 },
  { comparison: '/metrics in process, 10,000 distributions, 1 % changed', peer: 'OpenTelemetry', atMost: 1 / 20 },
  { comparison: '/metrics over HTTP, 100,000 counters, 1 % changed', peer: 'prom-client', atMost: 1 / 10 },
  { comparison: '/metrics over HTTP, 100,000 counters, 1 % changed', peer: 'OpenTelemetry', atMost: 1 / 18 },
  { comparison: '/metrics over HTTP, 100,000 counters, longest hold of the event loop', unit: 'ms', atMost: 10 },
  { comparison: 'OTLP, 10,000 counters, CPU of an export', peer: 'OpenTelemetry', atMost: 1 / 2 },
  // The first export is among those watched: half of its hold is Node's own HTTP client, which is not compiled yet.
  { comparison: 'OTLP, 10,000 counters, longest hold of the event loop', peer: 'OpenTelemetry', atMost: 1 / 10 },
  { comparison: 'OTLP, 100,000 counters, CPU of an export', peer: 'OpenTelemetry', atMost: 1 / 2 },
  { comparison: 'OTLP, 100,000 counters, longest hold of the event loop', peer: 'OpenTelemetry', atMost: 1 / 10 },
  { comparison: 'OTLP, 1,000,000 counters, whole export', peer: 'protobuf scrape', atMost: 2, heavy: true },
  { comparison: 'OTLP, 1,000,000 counters, whole export, longest hold of the event loop', unit: 'ms', atMost: 15, heavy: true },
  { comparison: 'OTLP, 1,000,000 counters, extra memory of a whole export', unit: 'MB', atMost: 64, heavy: true },
  { comparison: 'OTLP, 1,000,000 counters, CPU of an export of deltas, 1 % changed', peer: 'whole export', atMost: 1 / 10, heavy: true },
  { comparison: 'OTLP, 100,000 counters, a record while they are exported', peer: 'no export', atMost: 1.5 },
  { comparison: 'OTLP, a batch of 512 spans of 6 attributes and an event', peer: 'OpenTelemetry', atMost: 1 },
  { comparison: 'CPU of a scrape as Prometheus sends it, 1,400 lines', peer: 'prom-client', aim: 1 / 2, atMost: 1 },
  { comparison: 'CPU of a scrape as Prometheus sends it, 7,000 lines', peer: 'prom-client', atMost: 0.3 },
  { comparison: 'CPU of a scrape as Prometheus sends it, 70,000 lines', peer: 'prom-client', atMost: 0.15 },
  { comparison: '/metrics over HTTP, 1,000,000 counters, 1 % changed', peer: 'prom-client', atMost: 1 / 20, heavy: true },
  { comparison: '/metrics over HTTP, 1,000,000 counters, longest hold of the event loop', unit: 'ms', atMost: 15, heavy: true },
  { comparison: '/metrics over HTTP, 500,000 distributions, longest hold of the event loop', unit: 'ms', atMost: 15, heavy: true },
  { comparison: '/metrics over HTTP, 500,000 distributions, extra memory of a scrape', unit: 'MB', atMost: 64, heavy: true },
  { comparison: 'bytes held per series, 100,000 counters, before a scrape', peer: 'prom-client', atMost: 1 / 4 },
  { comparison: 'bytes held per series, 100,000 counters, after a scrape', peer: 'prom-client', atMost: 3 / 5 },
  { comparison: 'bytes held per series, 100,000 distributions, before a scrape', peer: 'prom-client', atMost: 1 / 4 },
  { comparison: 'bytes held per series, 100,000 distributions, after a scrape', peer: 'prom-client', atMost: 2 / 5 },
  { comparison: 'percentiles, no labels', peer: 'prom-client', atMost: 1 / 20 },
  { comparison: 'percentiles, 2 labels, fresh object', peer: 'prom-client', atMost: 1 / 12 },
  { comparison: 'gauge set, no labels, not bound', peer: 'prom-client', atMost: 1 / 3 },
  { comparison: 'cumulative add, series looked up each time, 40 rows', peer: 'prom-client', atMost: 1 / 3 },
  // From 10 rows to 100,000: nothing but what the processor's caches do not hold any more.
  { comparison: 'record by number of rows, fresh objects in random order', peer: '10 rows', atMost: 3 },
  { comparison: 'record by number of rows, bound handles in turn', peer: '10 rows', atMost: 3 },
  { comparison: 'unsampled span, parent from context, latency recorded', peer: 'OpenTelemetry', atMost: 3 / 10 },
  { comparison: 'unsampled span, parent from context, no view of the latency', peer: 'OpenTelemetry', aim: 1 / 15, atMost: 1 / 12 },
  { comparison: 'sampled span to a no-op exporter, latency recorded', peer: 'OpenTelemetry', atMost: 1 / 6 },
  { comparison: 'sampled span to a no-op exporter, latency recorded', peer: 'OpenCensus', atMost: 1 / 40 },
  { comparison: 'sampled span made active, latency recorded', peer: 'OpenTelemetry', atMost: 1 / 6 },
  ...[
    'OpenTracing root span, not sampled',
    'OpenTracing root span, sampled',
    'OpenTracing child span, sampled',
    'OpenTracing span with 2 tags, sampled',
    'OpenTracing span made active, sampled',
    'OpenTracing inject into headers',
  ].map((comparison) => /** @type {Threshold} */ ({ comparison, peer: 'our own span', atMost: 2 })),
  { comparison: 'traceparent written and its string used', peer: 'OpenTelemetry', atMost: 1 / 3 },
  { comparison: 'sampled span started, traceparent written and used, ended', peer: 'OpenTelemetry', atMost: 1 / 3 },
  { comparison: 'traceparent read', peer: 'OpenTelemetry', atMost: 2 / 5 },
  { comparison: 'batches of sampled spans with 2 attributes, CPU', peer: 'OpenTelemetry', atMost: 1 / 4 },
  { comparison: 'sampled spans with 2 attributes, each exported at once, CPU', peer: 'OpenTelemetry', atMost: 1 / 3 },
  { comparison: 'Fastify hello-world, CPU added to a request, spans sampled', peer: 'fastify-metrics', aim: 1 / 2, atMost: 1 },
  { comparison: 'Fastify hello-world, CPU added to a request, spans unsampled', peer: 'fastify-metrics', aim: 1 / 3, atMost: 1 / 2 },
  { comparison: 'Fastify hello-world, CPU added to a request, spans sampled', peer: 'OpenTelemetry', atMost: 1 / 2 },
  { comparison: 'Fastify hello-world, CPU added to a request, spans unsampled', peer: 'OpenTelemetry', atMost: 1 / 3 },
  ...[4, 8].flatMap((workers) => [
    { comparison: `${workers} workers of 10,000 counters, 1 % changed`, peer: 'prom-client', atMost: 1 / 12.5 },
    { comparison: `${workers} workers of 10,000 counters, CPU of a scrape`, peer: 'prom-client', atMost: 1 / 12.5 },
    { comparison: `${workers} workers of 10,000 counters, longest hold of the primary`, unit: 'ms', atMost: 10 },
    { comparison: `${workers} workers of 10,000 counters, first scrape`, peer: 'prom-client', aim: 1 / 4, atMost: 0.8 },
    {
      comparison: `${workers} workers of 10,000 counters, first scrape, a second after the workers have joined`,
      peer: 'prom-client',
      atMost: 1 / 4,
    },
  ]),
  { comparison: '4 workers of 10,000 counters, scraped from a worker', peer: 'scraped from the primary', atMost: 1.5 },
  { comparison: '8 workers of 10,000 counters, scraped from a worker', peer: 'scraped from the primary', aim: 1.5, atMost: 2.75 },
  { comparison: 'record in a member of a group, 10,000 rows', peer: 'without a group', atMost: 1.05 },
  { comparison: 'memory of a row and member, counters', unit: 'B', atMost: 24 },
  { comparison: 'memory of a row and member, distributions', unit: 'B', atMost: 96 },
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
    'counter, 2 tags, fresh objects, 10,000 rows of a million combinations',
    'distribution of 12 buckets, fresh object, 40 rows',
  ].map((comparison) => /** @type {Threshold} */ ({ comparison, peer: "caller's object", what: 'bytes beyond', atMost: 0.5 })),
  // Node 24, against @prometheus-io/client 0.16.1 and OpenTelemetry SDK 3.
  ...[
    { comparison: 'counter, no labels, not bound', peer: 'prom-client', atMost: 1 / 2 },
    { comparison: 'counter, one bound handle', peer: 'prom-client', atMost: 1 / 50 },
    { comparison: 'counter, 2 tags, fresh object each time, 40 rows', peer: 'prom-client', atMost: 1 / 4 },
    { comparison: 'counter, 2 tags, fresh object each time, 40 rows', peer: 'OpenTelemetry', aim: 1 / 12, atMost: 1 / 10 },
    { comparison: 'counter, 2 tags, fresh objects, 10,000 rows', peer: 'prom-client', atMost: 1 / 5 },
    { comparison: 'distribution of 12 buckets, fresh object, 40 rows', peer: 'prom-client', atMost: 1 / 7 },
    { comparison: 'distribution of 12 buckets, fresh object, 40 rows', peer: 'OpenTelemetry', atMost: 1 / 10 },
    {
      comparison: 'one request: 2 counters, 1 distribution, 1 gauge up and down, fresh objects',
      peer: 'prom-client',
      aim: 1 / 6,
      atMost: 1 / 4.5,
    },
    { comparison: 'unsampled span, parent from context, latency recorded', peer: 'OpenTelemetry', aim: 1 / 4, atMost: 1 / 2 },
    { comparison: 'sampled span to a no-op exporter, latency recorded', peer: 'OpenTelemetry', atMost: 1 / 5 },
    { comparison: 'traceparent written and its string used', peer: 'OpenTelemetry', atMost: 1 / 3 },
    { comparison: 'traceparent read', peer: 'OpenTelemetry', atMost: 1 / 2.5 },
    { comparison: 'first scrape of a process, 1,000 counters, CPU', peer: 'prom-client', atMost: 1 },
    { comparison: 'first scrape of a process, 100,000 counters, CPU', peer: 'prom-client', atMost: 1 / 3 },
  ].map((threshold) => /** @type {Threshold} */ ({ ...threshold, node: '24' })),
]
