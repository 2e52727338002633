// @ts-check
// The parts of the bench. Each runs in a process of its own, so that none meets the heap of another.

/** @type {readonly { name: string, file: string }[]} */
export const SUITES = [
  { name: 'record', file: './record.bench.js' },
  { name: 'views', file: './views.bench.js' },
  { name: 'instruments', file: './metrics/instruments.bench.js' },
  { name: 'percentiles', file: './metrics/percentiles.bench.js' },
  { name: 'growth', file: './growth.bench.js' },
  { name: 'trace', file: './trace/trace.bench.js' },
  { name: 'propagation', file: './trace/propagation.bench.js' },
  { name: 'row index', file: './metrics/row-index.bench.js' },
  { name: 'bucket search', file: './metrics/bucket-search.bench.js' },
  { name: 'cells', file: './metrics/cells.bench.js' },
  { name: 'scrape', file: './exporters/prometheus/in-process.bench.js' },
  { name: 'http', file: './exporters/prometheus/http.bench.js' },
  { name: 'memory', file: './memory.bench.js' },
]
