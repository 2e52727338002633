// @ts-check
// The suites of the bench. Each runs in a process of its own, with its own heap.

/** @type {readonly { name: string, load: () => Promise<{ run: (bench: import('./harness.js').Bench) => unknown }> }[]} */
export const SUITES = [
  { name: 'record', load: () => import('./record.bench.js') },
  { name: 'views', load: () => import('./views.bench.js') },
  { name: 'tags', load: () => import('./stats/tags.bench.js') },
  { name: 'instruments', load: () => import('./metrics/instruments.bench.js') },
  { name: 'percentiles', load: () => import('./metrics/percentiles.bench.js') },
  { name: 'growth', load: () => import('./growth.bench.js') },
  { name: 'trace', load: () => import('./trace/trace.bench.js') },
  { name: 'propagation', load: () => import('./trace/propagation.bench.js') },
  { name: 'pipeline', load: () => import('./trace/pipeline.bench.js') },
  { name: 'opentracing', load: () => import('./trace/opentracing.bench.js') },
  { name: 'row index', load: () => import('./metrics/row-index.bench.js') },
  { name: 'bucket search', load: () => import('./metrics/bucket-search.bench.js') },
  { name: 'cells', load: () => import('./metrics/cells.bench.js') },
  { name: 'scrape', load: () => import('./exporters/prometheus/in-process.bench.js') },
  { name: 'first scrape', load: () => import('./exporters/prometheus/first-scrape.bench.js') },
  { name: 'http', load: () => import('./exporters/prometheus/http.bench.js') },
  { name: 'barely warm', load: () => import('./exporters/prometheus/barely-warm.bench.js') },
  { name: 'push', load: () => import('./push/push.bench.js') },
  { name: 'cluster', load: () => import('./cluster/cluster.bench.js') },
  { name: 'fastify', load: () => import('./fastify/fastify.bench.js') },
  { name: 'runtime', load: () => import('./runtime/runtime.bench.js') },
  { name: 'import', load: () => import('./import.bench.js') },
  { name: 'memory', load: () => import('./memory.bench.js') },
]

/**
 * The suites that a filter selects: one if the filter begins with its name, as in `record: bound`, otherwise all.
 * @param {string} only
 */
export function suitesFor(only) {
  const named = SUITES.filter(({ name }) => only.toLowerCase().startsWith(`${name}: `))
  return named.length > 0 ? named : SUITES
}
