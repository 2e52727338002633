// @ts-check
// Makes the series, renders them once, and prints the CPU time of the latter in ms.
import { setTimeout as delay } from 'node:timers/promises'
import { makeFleet } from '../../fleets/fleet.js'

const [contender = '', count = ''] = process.argv.slice(2)
const fleet = await makeFleet(contender, 'counters', Number(count))
// The compiler has threads of its own, which still work on the code that made the series: on Node 24 twice as long as a scrape takes.
await delay(500)
const before = process.cpuUsage()
await fleet.scrape()
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1e3)
