// @ts-check
// The parts of the bench. Each runs in a process of its own, so that none meets the heap of another.

/** @type {readonly { name: string, file: string }[]} */
export const SUITES = [
  { name: 'record', file: './record.bench.js' },
  { name: 'views', file: './views.bench.js' },
]
