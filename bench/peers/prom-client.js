// @ts-check
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client'
import { BOUNDS } from '../fixtures.js'

let made = 0
const unique = () => `peer_${made++}`

/** A registry of its own for each case, so that nothing is shared. */
export const newRegistry = () => new Registry()

/** @param {readonly string[]} labelNames */
export function promCounter(labelNames = [], registry = newRegistry()) {
  return new Counter({ name: `${unique()}_total`, help: 'A counter', labelNames: [...labelNames], registers: [registry] })
}

/** @param {readonly string[]} labelNames */
export function promGauge(labelNames = [], registry = newRegistry()) {
  return new Gauge({ name: unique(), help: 'A gauge', labelNames: [...labelNames], registers: [registry] })
}

/** @param {readonly string[]} labelNames */
export function promHistogram(labelNames = [], registry = newRegistry()) {
  return new Histogram({ name: unique(), help: 'A histogram', labelNames: [...labelNames], buckets: BOUNDS, registers: [registry] })
}

/** @param {readonly string[]} labelNames */
export function promSummary(labelNames = [], registry = newRegistry()) {
  return new Summary({
    name: unique(),
    help: 'A summary',
    labelNames: [...labelNames],
    percentiles: [0.5, 0.9, 0.99],
    maxAgeSeconds: 600,
    ageBuckets: 2,
    registers: [registry],
  })
}
