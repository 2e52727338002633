// @ts-check
// A primary of node:cluster and its workers. The bench sends commands to the primary, and the primary sends commands to the workers.
import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { touchShare } from '../fleets/fleet.js'
import { answerParent } from '../process-meter.js'
import { contender } from './contenders.js'

const [name = '', kind = '', countText = '', workersText = ''] = process.argv.slice(2)
const count = Number(countText)
const wanted = Number(workersText)

if (cluster.isPrimary) await lead()
else work()

async function lead() {
  const primary = contender(name).primary()
  /** @type {Map<number, (answer: any) => void>} */
  const waiting = new Map()
  let asked = 0
  /** @type {() => void} */
  let ready = () => {}
  let readyCount = 0
  cluster.on('message', (_, { url, id, answer }) => {
    if (url !== undefined && ++readyCount === wanted) ready()
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })
  /** @param {string} what @param {unknown} [argument] @param {number} [most] @returns {Promise<any[]>} */
  const askAll = (what, argument, most = Infinity) => {
    const workers = Object.values(cluster.workers ?? {}).slice(0, most)
    return Promise.all(
      workers.map(
        (worker) =>
          new Promise((resolve) => {
            waiting.set(++asked, resolve)
            worker?.send({ id: asked, what, argument })
          }),
      ),
    )
  }
  const workersMs = async () => (await askAll('cpu')).reduce((sum, ms) => sum + ms, 0)
  const ownMs = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  }
  /** Measures the time of one scrape, and the processor time of all processes. @param {() => Promise<unknown>} scrape */
  const timed = async (scrape) => {
    const before = await workersMs()
    const ownBefore = ownMs()
    const started = performance.now()
    await scrape()
    const timeMs = performance.now() - started
    const own = ownMs() - ownBefore
    return { timeMs, ownMs: own, cpuMs: own + (await workersMs()) - before }
  }
  answerParent({
    touch: (share) => askAll('touch', share),
    watchWorkers: () => askAll('watch'),
    unwatchWorkers: async () => Math.max(...(await askAll('unwatch')).map(({ runMs }) => runMs)),
    scrape: () => timed(() => primary.scrape()),
    /** Returns the time until all workers were members. Their rows may arrive later. */
    join: async () => {
      const started = performance.now()
      await askAll('join')
      while (primary.members() < wanted) await sleep(1)
      return performance.now() - started
    },
    /** The time in the worker. All workers are called before, as before a scrape of the primary. */
    scrapeWorker: async () => {
      await workersMs()
      const [timeMs] = await askAll('scrape', 0, 1)
      return { timeMs }
    },
  })
  for (let at = 0; at < wanted; at++) cluster.fork()
  await new Promise((resolve) => {
    ready = () => resolve(undefined)
  })
  process.send?.({ url: 'none' })
}

function work() {
  const worker = contender(name).worker(/** @type {import('../fleets/fleet.js').Kind} */ (kind), count)
  for (let at = 0; at < count; at++) worker.touch(at)
  let round = 0
  answerParent({
    join: () => worker.join(),
    touch: (share) => touchShare(worker, count, share, round++),
    scrape: async () => {
      const started = performance.now()
      await worker.scrape()
      return performance.now() - started
    },
  })
  process.send?.({ url: 'none' })
}
