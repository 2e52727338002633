// @ts-check
// Pushes of metrics, spans and lines. Each contender is a process of its own, the receiver is in this one. Time is from the beginning of an
// export until the receiver has confirmed it; processor time is that of the contender's process, including compression.
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startForked } from '../forked.js'
import { lineReceiver, otlpReceiver } from './receivers.js'

/**
 * @typedef {import('../harness.js').Bench} Bench
 * @typedef {import('../forked.js').Forked} Forked
 * @typedef {{ [contender: string]: number[] }} Samples
 */

const program = fileURLToPath(new URL('push-process.js', import.meta.url))

/**
 * @param {import('./push-process.js').Contender} contender
 * @param {import('./push-process.js').Kind} kind
 * @param {Partial<import('./push-process.js').Options>} options
 */
function start(contender, kind, options) {
  return startForked(program, [contender, kind, JSON.stringify({ compression: 'none', temporality: 'cumulative', ...options })])
}

const shownCount = (/** @type {number} */ count) => count.toLocaleString('en-US')

/**
 * Exports of OTLP in which 1 % of the series have changed; those of OpenTelemetry beside ours.
 * @param {Bench} bench
 * @param {object} options
 * @param {'counters' | 'distributions'} options.kind
 * @param {number} options.count
 * @param {'none' | 'gzip'} options.compression
 * @param {number} options.rounds
 */
async function compareExports(bench, { kind, count, compression, rounds }) {
  const stem = `OTLP, ${shownCount(count)} ${kind}${compression === 'none' ? '' : ', gzip'}`
  const names = {
    time: `${stem}, an export`,
    cpu: `${stem}, CPU of an export`,
    hold: `${stem}, longest hold of the event loop`,
    memory: `${stem}, extra memory of an export`,
    body: `${stem}, bodies`,
  }
  if (Object.values(names).filter((name) => bench.wants(name)).length === 0) return
  const receiver = await otlpReceiver()
  /** @type {{ [contender: string]: Forked }} */
  const pushers = {}
  try {
    for (const contender of /** @type {const} */ (['tallyscope', 'OpenTelemetry'])) {
      pushers[contender] = await start(contender, kind, { count, compression, url: otlpUrl(receiver.url, contender, 'metrics') })
    }
    const each = Object.entries(pushers)
    const [time, cpu, hold, memory, body] = [samplesOf(each), samplesOf(each), samplesOf(each), samplesOf(each), samplesOf(each)]
    for (const [contender, pusher] of each) {
      receiver.taken()
      const seen = await watched(pusher)
      hold[contender]?.push(seen.holdMs)
      memory[contender]?.push(seen.extraMB)
      body[contender]?.push(receiver.taken().bytes / 1e6)
    }
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < each.length; turn++) {
        const [contender, pusher] = /** @type {[string, Forked]} */ (each[(round + turn) % each.length])
        await pusher.ask('touch', 0.01)
        const { timeMs, cpuMs } = await pusher.ask('push', 1)
        time[contender]?.push(timeMs)
        cpu[contender]?.push(cpuMs)
      }
    }
    for (const [contender, pusher] of each) {
      const seen = await watched(pusher)
      hold[contender]?.push(seen.holdMs)
      memory[contender]?.push(seen.extraMB)
    }
    bench.figures(names.time, 'ms', time)
    bench.figures(names.cpu, 'ms', cpu)
    bench.figures(names.hold, 'ms', greatest(hold))
    bench.figures(names.memory, 'MB', greatest(memory))
    bench.figures(names.body, 'MB', body)
  } finally {
    for (const pusher of Object.values(pushers)) pusher.stop()
    receiver.close()
  }
}

/**
 * More series than peers can export: beside a scrape of the same rows by protobuf, and beside exports of deltas.
 * @param {Bench} bench
 * @param {number} count
 * @param {number} rounds
 */
async function compareWithScrapes(bench, count, rounds) {
  const stem = `OTLP, ${shownCount(count)} counters`
  const names = {
    time: `${stem}, whole export`,
    cpu: `${stem}, CPU of a whole export`,
    hold: `${stem}, whole export, longest hold of the event loop`,
    memory: `${stem}, extra memory of a whole export`,
    delta: `${stem}, CPU of an export of deltas, 1 % changed`,
  }
  if (Object.values(names).filter((name) => bench.wants(name)).length === 0) return
  const receiver = await otlpReceiver()
  /** @type {Forked[]} */
  const started = []
  const make = async (/** @type {Partial<import('./push-process.js').Options>} */ options) => {
    const pusher = await start('tallyscope', 'counters', { count, url: receiver.url, ...options })
    started.push(pusher)
    return pusher
  }
  try {
    const full = await make({})
    const whole = { tallyscope: /** @type {number[]} */ ([]), 'protobuf scrape': /** @type {number[]} */ ([]) }
    const cpu = { tallyscope: /** @type {number[]} */ ([]), 'protobuf scrape': /** @type {number[]} */ ([]) }
    const first = await watched(full)
    const scrapeUrl = await full.ask('serve')
    await scrape(scrapeUrl)
    for (let round = 0; round < rounds; round++) {
      await full.ask('touch', 0.01)
      const { timeMs, cpuMs } = await full.ask('push', 1)
      whole.tallyscope.push(timeMs)
      cpu.tallyscope.push(cpuMs)
      await full.ask('touch', 0.01)
      const beforeMs = await full.ask('cpu')
      const startedMs = performance.now()
      await scrape(scrapeUrl)
      whole['protobuf scrape'].push(performance.now() - startedMs)
      cpu['protobuf scrape'].push((await full.ask('cpu')) - beforeMs)
    }
    const later = await watched(full)
    bench.figures(names.time, 'ms', whole)
    bench.figures(names.cpu, 'ms', cpu)
    bench.figures(names.hold, 'ms', { tallyscope: [Math.max(first.holdMs, later.holdMs)] })
    bench.figures(names.memory, 'MB', { tallyscope: [Math.max(first.extraMB, later.extraMB)] })
    if (!bench.wants(names.delta)) return
    full.stop()
    const deltas = await make({ temporality: 'delta' })
    await deltas.ask('push', 1)
    /** @type {number[]} */
    const delta = []
    for (let round = 0; round <= rounds; round++) {
      await deltas.ask('touch', 0.01)
      const { cpuMs } = await deltas.ask('push', 1)
      if (round > 0) delta.push(cpuMs)
    }
    bench.figures(names.delta, 'ms', { tallyscope: delta, 'whole export': cpu.tallyscope })
  } finally {
    for (const pusher of started) pusher.stop()
    receiver.close()
  }
}

/**
 * Whether recording gets slower while rows are being exported.
 * @param {Bench} bench
 * @param {number} count
 * @param {number} rounds
 */
async function compareRecording(bench, count, rounds) {
  const name = `OTLP, ${shownCount(count)} counters, a record while they are exported`
  if (!bench.wants(name)) return
  const receiver = await otlpReceiver()
  const pusher = await start('tallyscope', 'counters', { count, url: receiver.url })
  try {
    const samples = { tallyscope: /** @type {number[]} */ ([]), 'no export': /** @type {number[]} */ ([]) }
    for (let round = -1; round < rounds; round++) {
      const [during, without] = [await pusher.ask('record', 1), await pusher.ask('record', 0)]
      if (round < 0) continue // the first time nothing is compiled
      samples.tallyscope.push(during)
      samples['no export'].push(without)
    }
    bench.figures(name, 'ns', samples)
  } finally {
    pusher.stop()
    receiver.close()
  }
}

/**
 * Batches of finished spans, one behind the other, each confirmed.
 * @param {Bench} bench
 * @param {number} rounds
 */
async function compareSpans(bench, rounds) {
  const names = {
    time: 'OTLP, a batch of 512 spans of 6 attributes and an event',
    cpu: 'OTLP, a batch of 512 spans, CPU',
    hold: 'OTLP, a batch of 512 spans, longest hold of the event loop',
  }
  if (Object.values(names).filter((name) => bench.wants(name)).length === 0) return
  const receiver = await otlpReceiver()
  /** @type {{ [contender: string]: Forked }} */
  const pushers = {}
  try {
    for (const contender of /** @type {const} */ (['tallyscope', 'OpenTelemetry'])) {
      pushers[contender] = await start(contender, 'spans', { count: 512, url: otlpUrl(receiver.url, contender, 'traces') })
    }
    const each = Object.entries(pushers)
    const [time, cpu, hold] = [samplesOf(each), samplesOf(each), samplesOf(each)]
    for (const [, pusher] of each) await pusher.ask('push', bench.mode === 'smoke' ? 1 : 100)
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < each.length; turn++) {
        const [contender, pusher] = /** @type {[string, Forked]} */ (each[(round + turn) % each.length])
        const { timeMs, cpuMs } = await pusher.ask('push', 20)
        time[contender]?.push(timeMs)
        cpu[contender]?.push(cpuMs)
      }
    }
    for (const [contender, pusher] of each) hold[contender]?.push((await watched(pusher)).holdMs)
    bench.figures(names.time, 'ms', time)
    bench.figures(names.cpu, 'ms', cpu)
    bench.figures(names.hold, 'ms', greatest(hold))
  } finally {
    for (const pusher of Object.values(pushers)) pusher.stop()
    receiver.close()
  }
}

/**
 * Lines of DogStatsD by UDP. A datagram is confirmed by nobody: notes say how many lines arrived.
 * @param {Bench} bench
 * @param {number} count
 * @param {number} rounds
 */
async function compareLines(bench, count, rounds) {
  const names = { time: `StatsD, ${shownCount(count)} lines, a line`, cpu: `StatsD, ${shownCount(count)} lines, CPU of a line` }
  if (Object.values(names).filter((name) => bench.wants(name)).length === 0) return
  const receiver = await lineReceiver()
  /** @type {{ [contender: string]: Forked }} */
  const pushers = {}
  try {
    for (const contender of /** @type {const} */ (['tallyscope', 'hot-shots'])) {
      pushers[contender] = await start(contender, 'lines', { count, url: receiver.url })
    }
    const each = Object.entries(pushers)
    const [time, cpu] = [samplesOf(each), samplesOf(each)]
    /** @type {{ [contender: string]: number }} */
    const arrived = { tallyscope: 0, 'hot-shots': 0 }
    for (let round = -1; round < rounds; round++) {
      for (const [contender, pusher] of each) {
        await pusher.ask('touch', round < 0 ? 0 : 1) // the first export has all counts as they are
        receiver.lines()
        const { timeMs, cpuMs } = await pusher.ask('push', 1)
        await new Promise((resolve) => setTimeout(resolve, 50))
        const lines = receiver.lines()
        if (round < 0) continue
        arrived[contender] = (arrived[contender] ?? 0) + lines
        time[contender]?.push((timeMs / count) * 1e6)
        cpu[contender]?.push((cpuMs / count) * 1e6)
      }
    }
    const notes = Object.fromEntries(each.map(([contender]) => [contender, `(${share(arrived[contender] ?? 0, count * rounds)} arrived)`]))
    bench.figures(names.time, 'ns', time, notes)
    bench.figures(names.cpu, 'ns', cpu)
  } finally {
    for (const pusher of Object.values(pushers)) pusher.stop()
    receiver.close()
  }
}

/** Ours adds the path itself. @param {string} url @param {string} contender @param {'metrics' | 'traces'} signal */
function otlpUrl(url, contender, signal) {
  return contender === 'OpenTelemetry' ? `${url}/v1/${signal}` : url
}

/** @param {readonly [string, unknown][]} each @returns {Samples} */
function samplesOf(each) {
  return Object.fromEntries(each.map(([contender]) => [contender, []]))
}

/** The worst of several: what is only sometimes there is met in production too. @param {Samples} samples */
function greatest(samples) {
  return Object.fromEntries(Object.entries(samples).map(([contender, all]) => [contender, [Math.max(...all)]]))
}

/** @param {number} part @param {number} whole */
function share(part, whole) {
  return `${Math.floor((part / whole) * 100)} %`
}

/** One push while the process watches itself. @param {Forked} pusher */
async function watched(pusher) {
  await pusher.ask('level')
  await pusher.ask('watch')
  await pusher.ask('push', 1)
  const { ownMs } = await pusher.ask('unwatch')
  return { holdMs: /** @type {number} */ (ownMs), extraMB: /** @type {number} */ (await pusher.ask('peak')) }
}

/** @param {string} url @returns {Promise<void>} */
function scrape(url) {
  const headers = {
    accept: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  }
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`))
      response.resume().on('end', resolve).on('error', reject)
    }).on('error', reject)
  })
}

/** @param {Bench} bench */
export async function run(bench) {
  if (bench.mode === 'smoke') {
    await compareExports(bench, { kind: 'counters', count: 1_000, compression: 'none', rounds: 2 })
    await compareWithScrapes(bench, 5_000, 2)
    await compareRecording(bench, 5_000, 2)
    await compareSpans(bench, 2)
    await compareLines(bench, 1_000, 2)
    return
  }
  const rounds = bench.settings.scrapeRounds
  for (const count of [10_000, 100_000]) {
    await compareExports(bench, { kind: 'counters', count, compression: 'none', rounds })
  }
  await compareExports(bench, { kind: 'counters', count: 10_000, compression: 'gzip', rounds })
  await compareExports(bench, { kind: 'distributions', count: 10_000, compression: 'none', rounds })
  await compareRecording(bench, 100_000, rounds)
  await compareSpans(bench, bench.settings.rounds)
  await compareLines(bench, 100_000, rounds)
  if (bench.settings.heavy) await compareWithScrapes(bench, 1_000_000, 5)
}
