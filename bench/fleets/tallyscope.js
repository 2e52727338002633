// @ts-check
import { formatText, serveMetrics, streamText } from 'tallyscope/prometheus'
import { LATENCIES, MASK } from '../fixtures.js'
import { measured } from '../ours.js'
import { LABELS, labelValues } from './fleet.js'

/**
 * @param {import('./fleet.js').Kind} kind
 * @param {number} count
 * @returns {import('./fleet.js').Fleet}
 */
export function make(kind, count) {
  return fleet(kind, count, async (stats) => {
    let bytes = 0
    for await (const chunk of streamText({ producers: [stats] })) bytes += chunk.length
    return bytes
  })
}

/**
 * The same by way of snapshots: what programs get that ask for a string.
 * @param {import('./fleet.js').Kind} kind
 * @param {number} count
 */
export function makeSnapshots(kind, count) {
  return fleet(kind, count, async (stats) => formatText(stats.getMetrics()).length)
}

/**
 * @param {import('./fleet.js').Kind} kind
 * @param {number} count
 * @param {(stats: import('tallyscope').Stats) => Promise<number>} scrape
 * @returns {import('./fleet.js').Fleet}
 */
function fleet(kind, count, scrape) {
  const { stats, measure } = measured([[kind === 'counters' ? 'count' : 'distribution', LABELS]])
  const labels = labelValues(count)
  const value = kind === 'counters' ? () => 1 : (/** @type {number} */ at) => LATENCIES[at & MASK] ?? 0
  return {
    touch: (at) => stats.record(measure, value(at), labels.of(at)),
    scrape: () => scrape(stats),
    serve: async () => (await serveMetrics({ port: 0, producers: [stats], selfMetrics: false })).url,
  }
}
