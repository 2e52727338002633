// @ts-check
// The page of many processes: a primary of node:cluster whose workers have the same series. Between two scrapes, values are recorded in 1 %
// of them. Processor time is that of primary and workers together. The first scrape is measured twice, each time in new processes: when all
// workers have just joined, so that it includes the arrival of their rows, and a second later, as most first scrapes of Prometheus are. For
// workers, the longest turn of the event loop counts only the time that the main thread ran, because nine processes share two cores.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startForked } from '../forked.js'
import { bytesPerRowAndMember } from './member-memory.js'

/**
 * @typedef {import('../harness.js').Bench} Bench
 * @typedef {{ [contender: string]: number[] }} Samples
 */

const program = fileURLToPath(new URL('cluster-process.js', import.meta.url))
const recordProgram = fileURLToPath(new URL('record-process.js', import.meta.url))
const CONTENDERS = ['tallyscope', 'prom-client']

/**
 * @param {Bench} bench
 * @param {object} options
 * @param {'counters' | 'distributions'} options.kind
 * @param {number} options.count
 * @param {number} options.workers
 * @param {number} options.rounds
 * @param {number} options.firsts Clusters of each contender whose first scrape is measured.
 * @param {number} [options.share]
 */
async function compareClusters(bench, { kind, count, workers, rounds, firsts, share = 0.01 }) {
  const stem = `${workers} workers of ${count.toLocaleString('en-US')} ${kind}`
  const names = {
    first: `${stem}, first scrape`,
    later: `${stem}, first scrape, a second after the workers have joined`,
    firstHold: `${stem}, first scrape, longest hold of the primary`,
    time: `${stem}, ${share * 100} % changed`,
    cpu: `${stem}, CPU of a scrape`,
    hold: `${stem}, longest hold of the primary`,
    worker: `${stem}, longest hold of a worker`,
    asked: `${stem}, scraped from a worker`,
  }
  if (!Object.values(names).some((name) => bench.wants(name))) return
  /** @type {{ [name: string]: Samples }} */
  const all = {}
  /** @type {{ [contender: string]: string }} */
  const notes = {}
  const take = (/** @type {string} */ name, /** @type {string} */ who, /** @type {number} */ value) => {
    const samples = (all[name] ??= {})
    samples[who] = [...(samples[who] ?? []), value]
  }
  /** @param {string} contender @param {(cluster: import('../forked.js').Forked) => Promise<void>} measure */
  const withCluster = async (contender, measure) => {
    const cluster = await startForked(program, [contender, kind, String(count), String(workers)])
    try {
      await measure(cluster)
    } catch (error) {
      if (contender === 'tallyscope') throw error
      notes[contender] = `ends with an error: ${error instanceof Error ? error.message : String(error)}`
    } finally {
      cluster.stop()
    }
  }
  // One contender after the other, because the workers of two would compete for memory.
  for (let first = 0; first < firsts; first++) {
    for (const contender of CONTENDERS) {
      await withCluster(contender, async (cluster) => {
        await cluster.ask('watch')
        await cluster.ask('join')
        take(names.first, contender, (await cluster.ask('scrape')).timeMs)
        take(names.firstHold, contender, (await cluster.ask('unwatch')).ownMs)
      })
    }
  }
  for (let first = 0; first < firsts; first++) {
    for (const contender of CONTENDERS) {
      await withCluster(contender, async (cluster) => {
        await cluster.ask('join')
        await sleep(1_000)
        take(names.later, contender, (await cluster.ask('scrape')).timeMs)
      })
    }
  }
  for (const contender of CONTENDERS) {
    await withCluster(contender, async (cluster) => {
      await cluster.ask('join')
      for (let round = -2; round < rounds; round++) {
        await cluster.ask('touch', share)
        const { timeMs, cpuMs } = await cluster.ask('scrape')
        if (round < 0) continue
        take(names.time, contender, timeMs)
        take(names.cpu, contender, cpuMs)
      }
      await watched(cluster, share, (primaryMs, workerMs) => {
        take(names.hold, contender, primaryMs)
        take(names.worker, contender, workerMs)
      })
      if (contender === 'tallyscope') await compareAsked(cluster, share, rounds, (who, timeMs) => take(names.asked, who, timeMs))
    })
  }
  for (const [name, samples] of Object.entries(all)) {
    const isHold = name.includes('hold')
    bench.figures(name, 'ms', isHold ? greatest(samples) : samples, notes)
  }
}

/** The primary has answered about as many scrapes before. With fewer, more of the code would be compiled in the primary than in the worker. */
const WARM_ROUNDS = 15

/**
 * Scrapes of a worker and of the primary in turn.
 * @param {import('../forked.js').Forked} cluster
 * @param {number} share
 * @param {number} rounds
 * @param {(who: string, timeMs: number) => void} take
 */
async function compareAsked(cluster, share, rounds, take) {
  for (let round = -WARM_ROUNDS; round < 3 * rounds; round++) {
    for (const [who, command] of Object.entries({ tallyscope: 'scrapeWorker', 'scraped from the primary': 'scrape' })) {
      await cluster.ask('touch', share)
      const { timeMs } = await cluster.ask(command)
      if (round >= 0) take(who, timeMs)
    }
  }
}

const HOLD_ROUNDS = 3

/**
 * @param {import('../forked.js').Forked} cluster
 * @param {number} share
 * @param {(primaryMs: number, workerMs: number) => void} take
 */
async function watched(cluster, share, take) {
  for (let round = 0; round < HOLD_ROUNDS; round++) {
    await cluster.ask('touch', share)
    await cluster.ask('watch')
    await cluster.ask('scrape')
    const { ownMs } = await cluster.ask('unwatch')
    await cluster.ask('touch', share)
    await cluster.ask('watchWorkers')
    await cluster.ask('scrape')
    take(ownMs, await cluster.ask('unwatchWorkers'))
  }
}

/** @param {Samples} samples @returns {Samples} */
function greatest(samples) {
  return Object.fromEntries(Object.entries(samples).map(([contender, all]) => [contender, [Math.max(...all)]]))
}

const FIRST_SCRAPES = { smoke: 1, quick: 1, check: 5, full: 5 }
const RECORD_PROCESSES = { smoke: 1, quick: 3, check: 7, full: 11 }

/** A member records as a process without a group does: nothing is added to the record path. @param {Bench} bench */
async function compareRecords(bench) {
  const name = 'record in a member of a group, 10,000 rows'
  if (!bench.wants(name)) return
  /** @type {Samples} */
  const samples = { tallyscope: [], 'without a group': [] }
  for (let round = 0; round < RECORD_PROCESSES[bench.mode]; round++) {
    for (const [contender, taken] of Object.entries(samples)) {
      const recording = await startForked(recordProgram, [contender === 'tallyscope' ? 'member' : 'alone'])
      taken.push(await recording.ask('recordNs'))
      await recording.ask('leave')
      recording.stop()
    }
  }
  bench.figures(name, 'ns', samples)
}

/** @param {Bench} bench */
export async function run(bench) {
  await compareRecords(bench)
  if (bench.mode === 'smoke') {
    await compareClusters(bench, { kind: 'counters', count: 1_000, workers: 2, rounds: 2, firsts: 1 })
  } else {
    const rounds = bench.settings.scrapeRounds
    const firsts = FIRST_SCRAPES[bench.mode]
    for (const workers of [4, 8]) await compareClusters(bench, { kind: 'counters', count: 10_000, workers, rounds, firsts })
    await compareClusters(bench, { kind: 'distributions', count: 10_000, workers: 4, rounds, firsts, share: 0.1 })
    if (bench.settings.heavy) await compareClusters(bench, { kind: 'counters', count: 100_000, workers: 8, rounds: 3, firsts: 3 })
  }
  for (const kind of /** @type {const} */ (['counters', 'distributions'])) {
    const name = `memory of a row and member, ${kind}`
    if (bench.wants(name)) bench.figures(name, 'B', { tallyscope: [bytesPerRowAndMember(kind)] })
  }
}
