// @ts-check
// Makes the series of one contender, and sends its parent how much memory they take.
import { makeFleet } from './fleets/fleet.js'
import { collect } from './harness.js'

const [contender = '', kindText = '', countText = ''] = process.argv.slice(2)
const kind = /** @type {import('./fleets/fleet.js').Kind} */ (kindText)
const count = Number(countText)

/** Bytes in use after collections, the least of several times: garbage of the last step may take some turns to go. */
async function heldBytes() {
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < 4; at++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 30))
    const { heapUsed, external } = process.memoryUsage()
    least = Math.min(least, heapUsed + external)
  }
  return least
}

async function makeAndDrop() {
  const fleet = await makeFleet(contender, kind, count)
  for (let at = 0; at < 2; at++) await fleet.scrape()
}

// Once for nothing, so that code, caches and the heap's own tables are as they will be.
await makeAndDrop()
const empty = await heldBytes()
const started = performance.now()
const fleet = await makeFleet(contender, kind, count)
const makeNs = ((performance.now() - started) / count) * 1e6
const made = await heldBytes()
let scraped = Number.POSITIVE_INFINITY
for (let at = 0; at < 2; at++) {
  await fleet.scrape()
  scraped = Math.min(scraped, await heldBytes())
}
process.send?.({ before: (made - empty) / count, after: (scraped - empty) / count, makeNs })
fleet.touch(0)
process.disconnect?.()
process.exit()
