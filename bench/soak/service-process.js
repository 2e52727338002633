// @ts-check
// The service: records, spans, /metrics, and all exporters. The first seconds are without them.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { getHeapCodeStatistics } from 'node:v8'
import { AlwaysOnSampler, ConsoleExporter, createTallyscope, FileExporter, LoggingExporter, MemoryExporter, Stats } from 'tallyscope'
import { PushGatewayExporter } from 'tallyscope/prometheus'
import { collect } from '../harness.js'
import { WARM_UP_MINUTES } from './checks.js'
import { watchDelay } from './delay.js'
import { defineViews, SERIES, startLoad } from './load.js'

const BASELINE_MS = 10_000
const EXPORT_INTERVAL_MS = 30_000
/** The time after which the code is optimized and every series exists. */
const SETTLE_MS = 5_000
const LOOK_EVERY_MS = 2_000
const A_MINUTE_MS = 60_000

const [minutesText = '', gatewayUrl = ''] = process.argv.slice(2)
const minutes = Number(minutesText)
const folder = mkdtempSync(join(tmpdir(), 'tallyscope-soak-'))
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))
const residentMB = () => process.memoryUsage.rss() / 2 ** 20
/** Heap without compiled code, which V8 drops and makes again as long as a process lives. */
const heapMB = () => {
  const { heapUsed, external } = process.memoryUsage()
  const { code_and_metadata_size, bytecode_and_metadata_size } = getHeapCodeStatistics()
  return (heapUsed + external - code_and_metadata_size - bytecode_and_metadata_size) / 2 ** 20
}
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'Immediate').length
let warnings = 0
process.on('warning', (warning) => {
  warnings++
  console.error(warning)
})

function descriptors() {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0 // only on Linux
  }
}

async function heldMB() {
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < 12; at++) {
    collect()
    await pause(250) // a running export has a snapshot in memory
    least = Math.min(least, heapMB())
  }
  return least
}

/** Accepts everything and keeps nothing. */
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })
const swallow = () => {}
const logger = { debug: swallow, info: swallow, warn: swallow, error: swallow }

const quiet = watchDelay()
await pause(BASELINE_MS)
const baseline = quiet.stop()

const descriptorsBefore = descriptors()
const timersBefore = timers()
const stats = new Stats({ limits: { rowsPerView: SERIES } })
let exportedSpans = 0
/** @type {MemoryExporter<import('tallyscope').SpanData>} */
const spansInMemory = new MemoryExporter({ maxItems: 1_000 })
/** @type {import('tallyscope').Exporter<import('tallyscope').SpanData>} */
const countedSpans = {
  export(spans) {
    exportedSpans += spans.length
    return spansInMemory.export(spans)
  },
}
const metricsInMemory = new MemoryExporter({ maxItems: 10 })
const rotated = { maxBytes: 4 << 20, maxFiles: 3 }
const scope = createTallyscope({
  stats,
  service: 'soak',
  env: {},
  traces: {
    sampler: new AlwaysOnSampler(),
    transport: 'async(waitPeriodMs=1000)',
    exporters: [
      new ConsoleExporter({ stream: nowhere() }),
      new FileExporter({ path: join(folder, 'spans.jsonl'), ...rotated }),
      new LoggingExporter({ logger }),
      countedSpans,
    ],
  },
  metrics: {
    intervalMs: EXPORT_INTERVAL_MS,
    runtime: true,
    exporters: [
      new ConsoleExporter({ stream: nowhere() }),
      new FileExporter({ path: join(folder, 'metrics.jsonl'), ...rotated }),
      new LoggingExporter({ logger }),
      metricsInMemory,
      new PushGatewayExporter({ url: gatewayUrl, job: 'soak' }),
    ],
  },
  prometheus: { port: 0 },
})
await scope.start()
const latency = defineViews(stats)
process.send?.({ url: scope.metricsUrl })

const began = performance.now()
const load = startLoad(stats, scope.tracer, latency)
const loadMs = () => performance.now() - began
const report = (/** @type {string} */ what) => process.send?.({ progress: `${(loadMs() / A_MINUTE_MS).toFixed(1)} min: ${what}` })

// Records, spans and scrapes alone: the first periodic export is yet to come.
await pause(SETTLE_MS)
const scraped = watchDelay()
await pause(EXPORT_INTERVAL_MS - SETTLE_MS - 1_000)
const scrapedDelay = scraped.stop()
const everything = watchDelay()
await pause(WARM_UP_MINUTES * A_MINUTE_MS - loadMs())
const everythingDelay = everything.stop()

// Collected before each look, so that what is seen is what is held, not garbage that waits.
const heapBeginMB = await heldMB()
/** @type {[number, number][]} */
const resident = []
const endMs = minutes * A_MINUTE_MS
let leastHeapMB = Number.POSITIVE_INFINITY
while (loadMs() < endMs) {
  await pause(LOOK_EVERY_MS)
  for (let at = 0; at < 2; at++) collect()
  await pause(20)
  resident.push([loadMs() / A_MINUTE_MS, residentMB()])
  leastHeapMB = Math.min(leastHeapMB, heapMB())
  if (resident.length % 10 !== 0) continue
  report(`${residentMB().toFixed(1)} MB resident, heap ${leastHeapMB.toFixed(2)} MB, ${load.done.records} records`)
  leastHeapMB = Number.POSITIVE_INFINITY
}
const heapEndMB = await heldMB()
load.stop()
const seconds = loadMs() / 1e3

process.send?.({ quiet: true })
await new Promise((resolve) => process.once('message', resolve))
/** @param {string} name */
const counted = (name) => {
  const { rows = [] } = stats.viewManager.getView(name) ?? {}
  return {
    rows: rows.length,
    count: rows.reduce((sum, { data }) => sum + (data.kind === 'count' ? data.value : 'count' in data ? data.count : 0), 0),
  }
}
const requests = counted('soak/requests')
const latencies = counted('soak/latency')
await scope.shutdown()
// Connections that fetch keeps for the next request are let go by Node itself after some seconds.
for (let turn = 0; turn < 60 && (descriptors() > descriptorsBefore || timers() > timersBefore); turn++) await pause(250)
const rotations = readdirSync(folder).filter((name) => /\.\d$/.test(name)).length
process.send?.({
  seen: {
    seconds,
    records: load.done.records,
    counted: requests.count === latencies.count ? requests.count : Number.NaN,
    series: requests.rows + latencies.rows,
    spans: load.done.spans,
    exportedSpans,
    metricExports: metricsInMemory.batches,
    rotations,
    resident,
    heapBeginMB,
    heapEndMB,
    baseline,
    scraped: scrapedDelay,
    everything: everythingDelay,
    descriptorsBefore,
    descriptorsAfter: descriptors(),
    timersBefore,
    timersAfter: timers(),
    warnings,
  },
})
rmSync(folder, { recursive: true, force: true })
process.disconnect?.()
