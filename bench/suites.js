// @ts-check
// The parts of the bench. Each runs in a process of its own, so that none meets the heap of another.

/** @type {readonly { name: string, file: string }[]} */
export const SUITES = [
  { name: 'record', file: './record.bench.js' },
  { name: 'views', file: './views.bench.js' },
  { name: 'scrape', file: './exporters/prometheus/in-process.bench.js' },
  { name: 'http', file: './exporters/prometheus/http.bench.js' },
  { name: 'memory', file: './memory.bench.js' },
]
