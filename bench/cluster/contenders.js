// @ts-check
// The primary and the workers of each contender. All workers have the same series.
import { AggregatorRegistry, register } from 'prom-client'
import { streamText } from 'tallyscope/prometheus'
import { shareMetrics } from 'tallyscope/cluster'
import { measured } from '../ours.js'
import { LATENCIES, MASK } from '../fixtures.js'
import { LABELS, labelValues } from '../fleets/fleet.js'
import { promCounter, promHistogram } from '../peers/prom-client.js'

/**
 * @typedef {import('../fleets/fleet.js').Kind} Kind
 * @typedef {object} Primary
 * @property {() => number} members How many workers it knows.
 * @property {() => Promise<number>} scrape The characters of the page of all workers.
 * @typedef {object} Worker
 * @property {(at: number) => void} touch
 * @property {() => void} join Shares its metrics.
 * @property {() => Promise<number>} scrape
 * @typedef {{ primary: () => Primary, worker: (kind: Kind, count: number) => Worker }} Contender
 */

const LIMITS = { rows: 1_000_000, mergedRows: 1_000_000 }

/** @param {ReturnType<typeof shareMetrics>} group */
async function pageOf(group) {
  let characters = 0
  for await (const chunk of streamText({ producers: [group] })) characters += chunk.length
  return characters
}

/** @type {Contender} */
const tallyscope = {
  primary: () => {
    const group = shareMetrics({ producers: [], limits: LIMITS })
    return { members: () => group.members().length - 1, scrape: () => pageOf(group) }
  },
  worker: (kind, count) => {
    const { stats, measure } = measured([[kind === 'counters' ? 'count' : 'distribution', LABELS]])
    const labels = labelValues(count)
    /** @type {ReturnType<typeof shareMetrics> | undefined} */
    let group
    const join = () => (group ??= shareMetrics({ producers: [stats], limits: LIMITS }))
    return {
      touch: (at) => stats.record(measure, kind === 'counters' ? 1 : (LATENCIES[at & MASK] ?? 0), labels.of(at)),
      join: () => void join(),
      scrape: () => pageOf(join()),
    }
  },
}

/** @type {Contender} */
const promClient = {
  primary: () => {
    const aggregator = new AggregatorRegistry()
    return { members: () => Infinity, scrape: async () => (await aggregator.clusterMetrics()).length }
  },
  worker: (kind, count) => {
    new AggregatorRegistry() // listens to the primary
    const labels = labelValues(count)
    const join = () => {}
    const scrape = () => Promise.reject(new Error('only the primary answers'))
    if (kind === 'counters') {
      const counter = promCounter(LABELS, register)
      return { touch: (at) => counter.inc(labels.of(at)), join, scrape }
    }
    const histogram = promHistogram(LABELS, register)
    return { touch: (at) => histogram.observe(labels.of(at), LATENCIES[at & MASK] ?? 0), join, scrape }
  },
}

/** @param {string} name */
export function contender(name) {
  const found = { tallyscope, 'prom-client': promClient }[name]
  if (found === undefined) throw new Error(`no contender is called ${name}`)
  return found
}
