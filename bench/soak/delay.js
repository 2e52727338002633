// @ts-check
// Measures how late timers are because the main thread was busy. On a shared machine other processes cause most of the delay. On Linux,
// only the time counts in which the thread ran.
import { openSync, readSync } from 'node:fs'
import { quantile } from '../statistics.js'

const EVERY_MS = 1
const MAX_SAMPLES = 4_000_000

const scheduleFile = openSchedule()
const bytes = new Uint8Array(64)
const BLANK = 0x20
const ZERO = 0x30

function openSchedule() {
  try {
    return openSync('/proc/thread-self/schedstat', 'r')
  } catch {
    return undefined
  }
}

/** Milliseconds that the main thread has run: the first number of the file, in ns. */
function ranMs() {
  if (scheduleFile === undefined) return performance.now()
  readSync(scheduleFile, bytes, 0, bytes.length, 0)
  let ns = 0
  for (let at = 0; bytes[at] !== BLANK; at++) ns = ns * 10 + /** @type {number} */ (bytes[at]) - ZERO
  return ns / 1e6
}

/** Starts to measure. `stop` returns the delays. */
export function watchDelay() {
  const samples = new Float32Array(MAX_SAMPLES) // allocated in advance, so that measuring adds nothing to the heap
  let count = 0
  let started = performance.now()
  let ran = ranMs()
  const timer = setInterval(() => {
    const now = performance.now()
    const nowRan = ranMs()
    const late = Math.min(now - started - EVERY_MS, nowRan - ran)
    if (count < MAX_SAMPLES) samples[count++] = Math.max(0, late)
    started = now
    ran = nowRan
  }, EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      const taken = [...samples.subarray(0, count)]
      return { p50: quantile(taken, 0.5), p999: quantile(taken, 0.999), max: quantile(taken, 1) }
    },
  }
}
