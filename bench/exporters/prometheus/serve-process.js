// @ts-check
// A contender's server in a process of its own. It is told by messages what to do: touch a share of the series, watch itself
// while it is scraped, tell what it saw.
import { makeFleet, touchShare } from '../../fleets/fleet.js'
import { answerParent } from '../../process-meter.js'

const [contender = '', kind = '', countText = ''] = process.argv.slice(2)
const count = Number(countText)
const fleet = await makeFleet(contender, /** @type {import('../../fleets/fleet.js').Kind} */ (kind), count)
let round = 0

answerParent({ touch: (share) => touchShare(fleet, count, share, round++) })
process.send?.({ url: await fleet.serve() })
