// @ts-check
// A contender's server in a process of its own. It is told by messages what to do: touch a share of the series, watch itself
// while it is scraped, tell what it saw.
import { readFileSync, writeFileSync } from 'node:fs'
import { makeFleet, touchShare } from '../../fleets/fleet.js'

const [contender = '', kind = '', countText = ''] = process.argv.slice(2)
const count = Number(countText)
const fleet = await makeFleet(contender, /** @type {import('../../fleets/fleet.js').Kind} */ (kind), count)
let round = 0

/** Holds of the event loop: the longest time between two of its turns, taken by a loop of immediates. */
const watch = { on: false, wallMs: 0, ownMs: 0 }

/**
 * Watches while `watch.on`. A turn counts for the time that this process was running: what the system gave to
 * others in between is no hold of ours. Helper threads count too, so a turn is never longer than on the wall.
 */
function watchLoop() {
  let wall = performance.now()
  let own = ownMs()
  const turn = () => {
    const nowWall = performance.now()
    const nowOwn = ownMs()
    watch.wallMs = Math.max(watch.wallMs, nowWall - wall)
    watch.ownMs = Math.max(watch.ownMs, Math.min(nowWall - wall, nowOwn - own))
    wall = nowWall
    own = nowOwn
    if (watch.on) setImmediate(turn)
  }
  setImmediate(turn)
}

function ownMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e3
}

/** Resident memory and its peak in MB. Linux tells both; elsewhere the peak is that of the whole life of the process. */
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

/** @type {{ [what: string]: (argument: number) => unknown }} */
const commands = {
  touch: (share) => touchShare(fleet, count, share, round++),
  level: () => {
    for (let at = 0; at < 3; at++) globalThis.gc?.()
    forgetPeak()
    levelMB = memory().nowMB
  },
  peak: () => memory().peakMB - levelMB,
  watch: () => {
    Object.assign(watch, { on: true, wallMs: 0, ownMs: 0 })
    watchLoop()
  },
  unwatch: () => {
    watch.on = false
    return { wallMs: watch.wallMs, ownMs: watch.ownMs }
  },
}

process.on('message', (/** @type {{ id: number, what: string, argument: number }} */ { id, what, argument }) => {
  const answer = commands[what]?.(argument)
  process.send?.({ id, answer })
})
process.on('disconnect', () => process.exit())
process.send?.({ url: await fleet.serve() })
