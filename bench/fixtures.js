// @ts-check
// Values and labels for all contenders, made before anything is timed.
import { LENGTH } from './walk.js'

export const MASK = LENGTH - 1

/** Upper bounds of a distribution with 12 buckets and +Inf, in seconds. */
export const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25]

let state = 0x9e3779b9

/** The same sequence in every run, from 0 to 1 (Marsaglia's xorshift). */
export function random() {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) / 2 ** 32
}

/** @param {number} below */
export function randomBelow(below) {
  return Math.floor(random() * below)
}

/**
 * Latencies in all buckets. The array has references to heap numbers and not raw doubles, so that reading an element allocates nothing, and
 * only the contender's own allocations are counted.
 * @type {readonly number[]}
 */
export const LATENCIES = boxed(Array.from({ length: LENGTH }, () => 0.002 * 2 ** (random() * 14)))

/**
 * @param {readonly number[]} numbers
 * @returns {number[]}
 */
export function boxed(numbers) {
  /** @type {any[]} */
  const array = ['']
  for (const [at, value] of numbers.entries()) array[at] = value
  return array
}

const names = (/** @type {string} */ stem, /** @type {number} */ count) => Array.from({ length: count }, (_, at) => `${stem}-${at}`)

/**
 * Label values in random order, one array for each label, so that `{ method: METHODS[at], route: ROUTES[at] }` is a fresh object with known
 * strings.
 * @param {number} rows How many combinations there are; a multiple of 4.
 */
export function twoLabels(rows) {
  const methods = ['GET', 'POST', 'PUT', 'DELETE']
  const routes = names('/api/v1/route', rows / methods.length)
  const order = Array.from({ length: LENGTH }, (_, at) => (at < rows ? at : randomBelow(rows)))
  return {
    methods: order.map((row) => /** @type {string} */ (methods[row % methods.length])),
    routes: order.map((row) => /** @type {string} */ (routes[Math.floor(row / methods.length)])),
  }
}

/**
 * The same with a few of very many combinations, which is usual for labels such as tenants and routes.
 * @param {number} rows
 * @param {number} values How many values each label has.
 */
export function sparseLabels(rows, values) {
  const tenants = names('tenant', values)
  const routes = names('/api/v1/route', values)
  /** @type {Set<number>} */
  const chosen = new Set()
  while (chosen.size < rows) chosen.add(randomBelow(values * values))
  const places = [...chosen]
  const order = Array.from({ length: LENGTH }, (_, at) => /** @type {number} */ (places[at < rows ? at : randomBelow(rows)]))
  return {
    methods: order.map((place) => /** @type {string} */ (tenants[place % values])),
    routes: order.map((place) => /** @type {string} */ (routes[Math.floor(place / values)])),
  }
}

/** 40 combinations of 5 labels. */
export function fiveLabels() {
  const { methods, routes } = twoLabels(40)
  const pick = (/** @type {readonly string[]} */ from) => (/** @type {string} */ method) =>
    /** @type {string} */ (from[method.length % from.length])
  return {
    methods,
    routes,
    statuses: methods.map(pick(['200', '404', '500'])),
    regions: methods.map(pick(['eu-central', 'us-east'])),
    versions: methods.map(pick(['v1', 'v2', 'v3', 'v4'])),
  }
}

/** A string that V8 must flatten and hash before it can be found in a map. */
export function freshText(/** @type {string} */ stem, /** @type {number} */ number) {
  return `${stem}-${number}`
}
