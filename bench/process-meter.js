// @ts-check
// Measures the process in which it runs: how long its event loop is blocked, its memory, its processor time.
import { openSync, readFileSync, readSync, writeFileSync } from 'node:fs'

/**
 * The longest time between two turns of the event loop, measured by a loop of immediates. `wallMs` is the wall-clock time. `ownMs` excludes
 * the time in which the main thread was ready but the system ran another process. `runMs` is only the time in which the main thread ran.
 */
const watch = { on: false, wallMs: 0, ownMs: 0, runMs: 0 }

/** Measures while `watch.on` is true. */
function watchLoop() {
  let wall = performance.now()
  let { ranMs, waitedMs } = readSchedule()
  const turn = () => {
    const now = readSchedule()
    const nowWall = performance.now()
    watch.wallMs = Math.max(watch.wallMs, nowWall - wall)
    watch.ownMs = Math.max(watch.ownMs, nowWall - wall - (now.waitedMs - waitedMs))
    watch.runMs = Math.max(watch.runMs, Math.min(nowWall - wall, now.ranMs - ranMs))
    wall = nowWall
    ranMs = now.ranMs
    waitedMs = now.waitedMs
    if (watch.on) setImmediate(turn)
  }
  setImmediate(turn)
}

const scheduleFile = openSchedule()
const scheduleBytes = new Uint8Array(64)
const scheduleNow = { ranMs: 0, waitedMs: 0 }
const BLANK = 0x20
const ZERO = 0x30

function openSchedule() {
  try {
    return openSync('/proc/self/schedstat', 'r')
  } catch {
    return undefined
  }
}

/**
 * How long the main thread has run, and has waited for a processor: the first two numbers of Linux' file, in ns. The kernel updates them at
 * each tick, every 4 ms, and when a thread reads its processor time.
 */
function readSchedule() {
  if (scheduleFile === undefined) {
    scheduleNow.ranMs = performance.now()
    return scheduleNow
  }
  process.cpuUsage()
  const length = readSync(scheduleFile, scheduleBytes, 0, scheduleBytes.length, 0)
  let at = 0
  const next = () => {
    let ns = 0
    while (at < length && scheduleBytes[at] !== BLANK) ns = ns * 10 + /** @type {number} */ (scheduleBytes[at++]) - ZERO
    at++
    return ns / 1e6
  }
  scheduleNow.ranMs = next()
  scheduleNow.waitedMs = next()
  return scheduleNow
}

/** Resident memory and its peak in MB. Linux reports both; elsewhere the peak is that of the whole life of the process. */
function memory() {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    const field = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
    return { nowMB: field('VmRSS'), peakMB: field('VmHWM') }
  } catch {
    return { nowMB: process.memoryUsage.rss() / 2 ** 20, peakMB: process.resourceUsage().maxRSS / 1024 }
  }
}

function forgetPeak() {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // Not on Linux: see memory().
  }
}

let levelMB = 0

/** CPU time in ms, of all threads, that commands have taken so far: it is not part of what scrapes cost. */
let commandsMs = 0

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** @type {{ [what: string]: (argument: number) => unknown }} */
const METERS = {
  level: () => {
    for (let at = 0; at < 3; at++) globalThis.gc?.()
    forgetPeak()
    levelMB = memory().nowMB
  },
  peak: () => memory().peakMB - levelMB,
  cpu: () => cpuMs() - commandsMs,
  watch: () => {
    Object.assign(watch, { on: true, wallMs: 0, ownMs: 0, runMs: 0 })
    watchLoop()
  },
  unwatch: () => {
    watch.on = false
    const { wallMs, ownMs, runMs } = watch
    return { wallMs, ownMs, runMs }
  },
}

/**
 * Answers the messages of the parent, by these commands and by `level`, `peak`, `cpu`, `watch` and `unwatch`.
 * @param {{ [what: string]: (argument: number) => unknown }} commands Their processor time counts only if they return a promise.
 */
export function answerParent(commands) {
  process.on('message', async (/** @type {{ id: number, what: string, argument: number }} */ { id, what, argument }) => {
    if (what === undefined) return // a message of a contender
    const startMs = cpuMs()
    const answer = (commands[what] ?? METERS[what])?.(argument)
    if (answer instanceof Promise) {
      process.send?.({ id, answer: await answer })
      return
    }
    process.send?.({ id, answer })
    commandsMs += cpuMs() - startMs
  })
  process.on('disconnect', () => process.exit())
}
