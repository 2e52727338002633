// @ts-check
// The checks of a soak test.
import { line } from '../statistics.js'

/**
 * The figures that the service measured.
 * @typedef {object} Seen
 * @property {number} seconds Under load.
 * @property {number} records Made.
 * @property {number} counted In the rows of the views.
 * @property {number} series
 * @property {number} spans Started.
 * @property {number} exportedSpans As the exporter in memory counted them.
 * @property {number} metricExports Of the exporter in memory.
 * @property {number} rotations Files of the file exporters beside the current ones.
 * @property {readonly (readonly [number, number])[]} resident Minutes since the load began, MB after a collection.
 * @property {number} heapBeginMB After collections, when warm.
 * @property {number} heapEndMB After collections, at the end, under load still.
 * @property {Delay} baseline The same process before the library did anything.
 * @property {Delay} scraped With records, spans and scrapes.
 * @property {Delay} everything With periodic exports besides.
 * @property {number} descriptorsBefore
 * @property {number} descriptorsAfter
 * @property {number} timersBefore
 * @property {number} timersAfter
 * @property {number} warnings
 *
 * How late a timer of 1 ms came because the main thread ran, in milliseconds.
 * @typedef {{ p50: number, p999: number, max: number }} Delay
 *
 * @typedef {{ scrapes: number, failedScrapes: number, scrapedBytes: number, pushes: number, pushedBytes: number }} Outside
 * @typedef {{ what: string, seen: number, unit: string, atMost?: number, atLeast?: number, held?: boolean }} Check
 */

export const WARM_UP_MINUTES = 1
const LONG_MINUTES = 60
/**
 * Limits of the event loop delay that records and scrapes may add, and of the changes of resident memory with each periodic export. On a
 * shared machine the same work takes longer, and the host may stop the machine for 100 ms. There the allocator has been seen to keep 8 MB
 * more in two minutes in which the heap did not grow, most of them in the first.
 */
export const BOUNDS = {
  own: { p999Ms: 5, longestMs: 25, stepMB: 2 },
  shared: { p999Ms: 15, longestMs: 250, stepMB: 12 },
}

/**
 * @param {Seen & Outside} seen
 * @param {number} minutes
 * @param {{ p999Ms: number, longestMs: number, stepMB: number }} [bounds]
 * @returns {Check[]}
 */
export function checks(seen, minutes, bounds = BOUNDS.own) {
  const long = minutes >= LONG_MINUTES
  // While memory is still reserved, it does not count: half of the time after the first minute; in the long form, the first third.
  const from = long ? minutes / 3 : (WARM_UP_MINUTES + minutes) / 2
  const { slope } = line(seen.resident.filter(([minute]) => minute >= from))
  const fitted = minutes - (long ? from : WARM_UP_MINUTES)
  const last = seen.resident.at(-1)?.[1] ?? Number.NaN
  const added = (/** @type {keyof Delay} */ what) => Math.max(0, seen.scraped[what] - seen.baseline[what])
  return [
    atLeast('records a second', seen.records / seen.seconds, 9_900),
    plain('series', seen.series),
    atMost('records missing in the views', Math.abs(seen.records - seen.counted), 0),
    atLeast('scrapes a second', seen.scrapes / seen.seconds, 0.95),
    atMost('scrapes that failed', seen.failedScrapes, 0),
    plain('bytes of a scrape', seen.scrapedBytes / seen.scrapes, 'B'),
    atLeast('spans a second', seen.spans / seen.seconds, 95),
    atMost('spans missing in memory', Math.abs(seen.spans - seen.exportedSpans), 0),
    atLeast('periodic exports', seen.metricExports, Math.floor(seen.seconds / 30) - 1),
    atLeast('pushes', seen.pushes, Math.floor(seen.seconds / 30) - 1),
    atLeast('rotated files', seen.rotations, 1),
    atMost('warnings of the process', seen.warnings, 0),
    plain('resident at the end, collected', last, 'MB'),
    long
      ? atMost('slope of resident memory', slope * 60, 1, 'MB/h')
      : atMost('slope of resident memory', slope, Math.max(0.5, bounds.stepMB / fitted), 'MB/min'),
    plain('heap when warm, collected', seen.heapBeginMB, 'MB'),
    atMost('heap at the end, collected', seen.heapEndMB, seen.heapBeginMB * 1.02, 'MB'),
    plain('event loop delay without the library, p99.9', seen.baseline.p999, 'ms'),
    plain('event loop delay without the library, longest', seen.baseline.max, 'ms'),
    atMost('added by records and scrapes, p99.9', added('p999'), bounds.p999Ms, 'ms'),
    atMost('added by records and scrapes, longest', added('max'), bounds.longestMs, 'ms'),
    plain('with all exporters, p99.9', seen.everything.p999, 'ms'),
    plain('with all exporters, longest', seen.everything.max, 'ms'),
    plain('descriptors before', seen.descriptorsBefore),
    atMost('descriptors after', seen.descriptorsAfter, seen.descriptorsBefore),
    plain('timers before', seen.timersBefore),
    atMost('timers after', seen.timersAfter, seen.timersBefore),
  ]
}

/** @param {string} what @param {number} seen @param {string} [unit] @returns {Check} */
function plain(what, seen, unit = '') {
  return { what, seen, unit }
}

/** @param {string} what @param {number} seen @param {number} bound @param {string} [unit] @returns {Check} */
function atMost(what, seen, bound, unit = '') {
  return { what, seen, unit, atMost: bound, held: seen <= bound }
}

/** @param {string} what @param {number} seen @param {number} bound @param {string} [unit] @returns {Check} */
function atLeast(what, seen, bound, unit = '') {
  return { what, seen, unit, atLeast: bound, held: seen >= bound }
}
