// @ts-check
// Makes the series, renders them once, and prints the CPU time of that in ms.
import { makeFleet } from '../../fleets/fleet.js'

const [contender = '', count = ''] = process.argv.slice(2)
const fleet = await makeFleet(contender, 'counters', Number(count))
const before = process.cpuUsage()
await fleet.scrape()
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1e3)
