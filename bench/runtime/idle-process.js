// @ts-check
// Is idle for a while, with or without runtime metrics, and prints the processor time.
import { collectDefaultMetrics, Registry } from 'prom-client'
import * as tallyscope from 'tallyscope'

const [contender = '', msText = ''] = process.argv.slice(2)
const ms = Number(msText)
const keep = setInterval(() => {}, 60_000)

/** @type {{ [contender: string]: () => unknown }} */
const start = {
  nothing: () => undefined,
  tallyscope: () => /** @type {any} */ (tallyscope).runtimeMetrics(),
  'prom-client': () => collectDefaultMetrics({ register: new Registry() }),
}
start[contender]?.()
await new Promise((resolve) => setTimeout(resolve, 500))
const before = process.cpuUsage()
await new Promise((resolve) => setTimeout(resolve, ms))
const { user, system } = process.cpuUsage(before)
clearInterval(keep)
process.send?.(((user + system) / 1e3 / ms) * 1e3)
process.disconnect?.()
process.exit()
