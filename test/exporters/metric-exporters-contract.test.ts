import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, test, vi } from 'vitest'
import { HlogExporter } from '../../src/exporters/file/hlog-exporter.js'
import { PushGatewayExporter } from '../../src/exporters/prometheus/push/push-gateway-exporter.js'
import { TextfileExporter } from '../../src/exporters/prometheus/push/textfile-exporter.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { percentiles } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { exporterContract } from '../../src/testing/exporter-contract.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { metric } from './prometheus/format/metric-samples.js'

const gauges = ['one', 'two', 'three'].map((name) => metric({ name, type: 'GAUGE_INT64' }, [[], 1]))
const samplesIn = (text: string): number => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-contract-'))
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

describe('a Pushgateway', () => {
  let server: Server
  let url: string
  /** What the gateway holds: each family as it was pushed last. */
  let families: Set<string>
  beforeEach(async () => {
    families = new Set()
    server = createServer(async (request, response) => {
      const text = gunzipSync(await buffer(request)).toString()
      for (const line of text.split('\n')) if (line !== '' && !line.startsWith('#')) families.add(line)
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  for (const { name, run } of exporterContract<Metric>({
    create: () => new PushGatewayExporter({ url, job: 'a', mode: 'pushAdd' }),
    items: gauges,
    received: () => families.size,
    createFailing: () => new PushGatewayExporter({ url: 'http://127.0.0.1:1', job: 'a' }),
  })) {
    test(name, run)
  }
})

describe('a textfile', () => {
  for (const { name, run } of exporterContract<Metric>({
    create: () => new TextfileExporter({ path: join(folder, 'a.prom') }),
    items: gauges,
    createFailing: () => new TextfileExporter({ path: join(folder, 'none/a.prom') }),
  })) {
    test(name, run)
  }

  test('every metric of a batch is written to the file', async ({ expect }) => {
    const exporter = new TextfileExporter({ path: join(folder, 'a.prom') })
    const exporting = exporter.export(gauges)
    await exporter.shutdown()
    expect(samplesIn(readFileSync(join(folder, 'a.prom'), 'utf8'))).toBe(3)
    await exporting
  })
})

describe('a histogram log', () => {
  for (const { name, run } of exporterContract<Metric>({
    create: () => new HlogExporter({ path: join(folder, 'a.hlog') }),
    items: windows(),
    received: () =>
      existsSync(join(folder, 'a.hlog'))
        ? readFileSync(join(folder, 'a.hlog'), 'utf8')
            .split('\n')
            .filter((line) => line.startsWith('Tag=')).length
        : 0,
    createFailing: () => new HlogExporter({ path: join(folder, 'none/a.hlog') }),
  })) {
    test(name, run)
  }
})

/** Two metrics, each with one window that is over and none that is open. */
function windows(): Metric[] {
  const clock = new ManualClock()
  const stats = new Stats({ clock })
  const latency = stats.measure('latency', { unit: 's' })
  for (const name of ['a', 'b']) {
    const aggregation = percentiles({ intervals: true, maxAgeMs: 60_000, windows: 3 })
    stats.viewManager.registerView({ name, measure: latency, aggregation })
  }
  stats.record(latency, 1)
  clock.advance(21_000)
  stats.record(latency, 1)
  const metrics = structuredClone(stats.getMetrics()) as unknown as {
    timeSeries: { points: { value: { intervals: { closed: boolean }[] } }[] }[]
  }[]
  for (const { value } of metrics.flatMap(({ timeSeries }) => timeSeries.flatMap(({ points }) => points))) {
    value.intervals = value.intervals.filter(({ closed }) => closed)
  }
  return metrics as unknown as Metric[]
}
