// @ts-check
// A contender's server in a process of its own. It gets commands by messages: record into a share of the series, measure the event loop
// during a scrape, return the figures.
import { makeFleet, touchShare } from '../../fleets/fleet.js'
import { answerParent } from '../../process-meter.js'

const [contender = '', kind = '', countText = ''] = process.argv.slice(2)
const count = Number(countText)
const fleet = await makeFleet(contender, /** @type {import('../../fleets/fleet.js').Kind} */ (kind), count)
let round = 0

answerParent({ touch: (share) => touchShare(fleet, count, share, round++) })
process.send?.({ url: await fleet.serve() })
