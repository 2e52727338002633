// @ts-check
import { createServer } from 'node:http'
import { LATENCIES, MASK } from '../fixtures.js'
import { newRegistry, promCounter, promHistogram } from '../peers/prom-client.js'
import { LABELS, labelValues } from './fleet.js'
import { listen } from './listen.js'

/**
 * @param {import('./fleet.js').Kind} kind
 * @param {number} count
 * @returns {import('./fleet.js').Fleet}
 */
export function make(kind, count) {
  const registry = newRegistry()
  const labels = labelValues(count)
  return {
    touch: toucher(kind, labels, registry),
    scrape: async () => (await registry.metrics()).length,
    // As its documentation has it.
    serve: () =>
      listen(
        createServer((_, response) => {
          response.setHeader('content-type', registry.contentType)
          registry.metrics().then(
            (text) => response.end(text),
            (error) => response.writeHead(500).end(String(error)),
          )
        }),
      ),
  }
}

/**
 * @param {import('./fleet.js').Kind} kind
 * @param {ReturnType<typeof labelValues>} labels
 * @param {ReturnType<typeof newRegistry>} registry
 * @returns {(at: number) => void}
 */
function toucher(kind, labels, registry) {
  if (kind === 'counters') {
    const counter = promCounter(LABELS, registry)
    return (at) => counter.inc(labels.of(at))
  }
  const histogram = promHistogram(LABELS, registry)
  return (at) => histogram.observe(labels.of(at), LATENCIES[at & MASK] ?? 0)
}
