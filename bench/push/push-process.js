// @ts-check
// A contender that pushes, in a process of its own. It gets commands by messages: record into a share of its series, push, measure the
// event loop meanwhile.
import { answerParent } from '../process-meter.js'
import { median } from '../statistics.js'

/**
 * What a contender pushes.
 * @typedef {object} Pusher
 * @property {(share: number) => void} [touch] Records one value in a share of the series, other ones each time.
 * @property {() => Promise<unknown>} push Resolves when the receiver has all of it, or the kernel if nothing confirms it.
 * @property {() => Promise<string>} [serve] Serves the same series by protobuf over HTTP; gives the URL.
 *
 * @typedef {object} Options
 * @property {number} count Series, spans or lines.
 * @property {string} url Of the receiver.
 * @property {'none' | 'gzip'} compression
 * @property {'cumulative' | 'delta'} temporality
 */

/** @typedef {'tallyscope' | 'OpenTelemetry' | 'hot-shots'} Contender */
/** @typedef {'counters' | 'distributions' | 'spans' | 'lines'} Kind */

/** @type {{ [contender: string]: () => Promise<{ [kind in Kind]?: (options: Options) => Pusher | Promise<Pusher> }> }} */
const CONTENDERS = {
  tallyscope: () => import('./tallyscope.js'),
  OpenTelemetry: () => import('./opentelemetry.js'),
  'hot-shots': () => import('./hot-shots.js'),
}

const [contender = '', kind = '', optionsText = '{}'] = process.argv.slice(2)
const load = CONTENDERS[contender]
if (load === undefined) throw new Error(`no contender is called ${contender}`)
const make = (await load())[/** @type {Kind} */ (kind)]
if (make === undefined) throw new Error(`${contender} pushes no ${kind}`)
/** @type {Options} */
const options = JSON.parse(optionsText)
const pusher = await make(options)

/** Of the series, recorded in one turn of the event loop. */
const RECORDED_SHARE = 0.02
const RECORDED_TURNS = 60

/**
 * How long one record takes in ns, by the median of turns of the event loop between which exports go on, or nothing.
 * @param {boolean} isExporting
 */
async function recordNs(isExporting) {
  /** @type {number[]} */
  const turns = []
  let pushing = Promise.resolve()
  for (let exports = isExporting ? 3 : 0; exports > 0; exports--) pushing = pushing.then(async () => void (await pusher.push()))
  let isPushing = isExporting
  void pushing.then(() => (isPushing = false))
  while (isPushing || turns.length < RECORDED_TURNS) {
    const started = performance.now()
    pusher.touch?.(RECORDED_SHARE)
    turns.push(((performance.now() - started) * 1e6) / (options.count * RECORDED_SHARE))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return median(turns)
}

answerParent({
  record: (isExporting) => recordNs(isExporting === 1),
  touch: (share) => pusher.touch?.(share),
  serve: () => pusher.serve?.(),
  push: async (times) => {
    const started = performance.now()
    const before = process.cpuUsage()
    for (let i = 0; i < times; i++) await pusher.push()
    const { user, system } = process.cpuUsage(before)
    return { timeMs: (performance.now() - started) / times, cpuMs: (user + system) / 1_000 / times }
  },
})
process.send?.({ url: 'ready' })
