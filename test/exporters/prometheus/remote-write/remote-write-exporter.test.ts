import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RemoteWriteExporter, type RemoteWriteExporterOptions } from '../../../../src/exporters/prometheus/remote-write/index.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import { gather, gatherFamilies } from '../../../../src/metrics/collection/gather.js'
import type { Metric } from '../../../../src/metrics/data/metric.js'
import { isRowSource } from '../../../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../../../src/metrics/instruments/metric-registry.js'
import { distribution as inBuckets, exponential, percentiles, sum, type Aggregation } from '../../../../src/stats/views/aggregation.js'
import { Stats } from '../../../../src/stats/stats.js'
import { exporterContract } from '../../../../src/testing/exporter-contract.js'
import { ManualClock } from '../../../../src/testing/manual-clock.js'
import { selfValue } from '../../self-value.js'
import { closedUrl } from '../../sending/receiver.js'
import { distribution, metric } from '../format/metric-samples.js'
import { valuesOf, type WriteReceiver, writeReceiver } from './strict-receiver.js'

const exporters: RemoteWriteExporter[] = []
beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.shutdown()))
  vi.restoreAllMocks()
})

function exporterTo({ url }: { url: string }, options: Partial<RemoteWriteExporterOptions> = {}): RemoteWriteExporter {
  const exporter = new RemoteWriteExporter({ url: `${url}/api/v1/write`, job: 'shop', instance: 'a:1', metadata: false, ...options })
  exporters.push(exporter)
  return exporter
}

const gauge = (value: number, name = 'depth'): Metric => metric({ name, type: 'GAUGE_DOUBLE' }, [[], value])

/** Samples of the text format, by series. */
function textValues(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      const value = line.slice(at + 1)
      const [, name = '', labels] = /^([^{]+)(?:\{(.*)\})?$/.exec(line.slice(0, at))!
      const sorted = labels?.match(/[^=,]+="(?:[^"\\]|\\.)*"/g)?.sort()
      return [sorted === undefined ? name : `${name}{${sorted.join(',')}}`, Number(value.replace('Inf', 'Infinity'))]
    }),
  )
}

function shop(clock = new ManualClock()) {
  const stats = new Stats({ clock })
  const latency = stats.measure('shop/latency', { unit: 'ms', description: 'Time to answer', tagKeys: ['route'] })
  const register = (name: string, aggregation: Parameters<typeof stats.viewManager.registerView>[0]['aggregation']) =>
    stats.viewManager.registerView({ name, measure: latency, tagKeys: ['route'], aggregation })
  register('shop/latency', inBuckets([5, 25, 100]))
  register('shop/total', sum())
  register('shop/quantiles', percentiles())
  register('shop/native', exponential())
  for (const [at, route] of ['/', '/cart', '/pay'].entries()) for (let i = 0; i < 50; i++) stats.record(latency, i * (at + 1), { route })
  return { stats, latency, clock }
}

describe.each([1, 2] as const)('version %d', (version) => {
  test('series have the names, labels and values of text 0.0.4', async () => {
    const receiver = await writeReceiver([version])
    const { stats } = shop()
    await exporterTo(receiver, { version }).exportFamilies(await gatherFamilies([stats]))
    expect(receiver.faults).toEqual([])
    expect(valuesOf(receiver)).toEqual(textValues(formatText(await gather([stats]))))
  })

  test('all samples of an export have the same time, which increases', async () => {
    const receiver = await writeReceiver([version])
    const exporter = exporterTo(receiver, { version, maxSamplesPerRequest: 3 })
    const { stats } = shop()
    for (let i = 0; i < 3; i++) await exporter.exportFamilies(await gatherFamilies([stats]))
    expect(receiver.faults).toEqual([])
    const times = receiver.written.flatMap(({ series }) => series.flatMap(({ samples }) => samples.map(({ timestamp }) => timestamp)))
    expect(new Set(times).size).toBe(3)
    expect([...times].sort((one, other) => one - other)).toEqual(times)
  })

  test('native histograms replace classic ones, or are sent in addition', async () => {
    const receiver = await writeReceiver([version])
    const { stats } = shop()
    await exporterTo(receiver, { version, nativeHistograms: true }).exportFamilies(await gatherFamilies([stats]))
    expect(receiver.faults).toEqual([])
    const all = receiver.written.flatMap(({ series }) => series)
    const native = all.filter(({ histograms }) => histograms.length > 0)
    expect(native.map(({ id }) => id)).toEqual(['/', '/cart', '/pay'].map((route) => `shop_native_milliseconds{route="${route}"}`))
    expect(all.some(({ id }) => id.startsWith('shop_native_milliseconds_'))).toBe(false)
    for (const { histograms } of native) {
      const { countInt, zeroCountInt, positiveDeltas, positiveSpans } = histograms[0]!
      let bucket = 0
      let total = zeroCountInt
      for (const delta of positiveDeltas) total += bucket += delta
      expect(countInt).toBe(50)
      expect(total).toBe(countInt)
      expect(positiveSpans.reduce((length, span) => length + span.length, 0)).toBe(positiveDeltas.length)
    }
    await exporterTo(receiver, { version, nativeHistograms: 'both', instance: 'b' }).exportFamilies(await gatherFamilies([stats]))
    const both = receiver.written.flatMap(({ series }) => series).filter(({ labels }) => labels['instance'] === 'b')
    expect(both.some(({ id }) => id === 'shop_native_milliseconds_count{route="/"}')).toBe(true)
    expect(both.filter(({ histograms }) => histograms.length > 0)).toHaveLength(3)
    expect(receiver.faults).toEqual([])
  })

  test('a removed row is marked as stale once, and continues if it is created again', async () => {
    const receiver = await writeReceiver([version])
    const { stats, latency, clock } = shop()
    const exporter = exporterTo(receiver, { version, nativeHistograms: true })
    const exportNow = async () => {
      receiver.written.length = 0
      clock.advance(1_000)
      await exporter.exportFamilies(await gatherFamilies([stats]))
      return receiver.written.flatMap(({ series }) => series).filter(({ labels }) => labels['route'] === '/cart')
    }
    const before = await exportNow()
    for (const name of ['shop/latency', 'shop/total', 'shop/quantiles', 'shop/native'])
      stats.viewManager.removeRows(name, { route: '/cart' })
    const after = await exportNow()
    expect(after.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort())
    for (const { samples, histograms } of after) {
      expect([...samples.map(({ isStale }) => isStale), ...histograms.map(({ sum: total }) => Number.isNaN(total))]).toEqual([true])
    }
    expect(await exportNow()).toEqual([])
    stats.record(latency, 7, { route: '/cart' })
    expect((await exportNow()).length).toBe(before.length)
    expect(receiver.faults).toEqual([])
  })

  test('a row that is made in the cell of a removed one between two exports begins, and the removed one is marked as stale', async () => {
    const receiver = await writeReceiver([version])
    const registry = new MetricRegistry()
    const jobs = registry.counter('jobs', { labelKeys: ['queue'] })
    const exporter = exporterTo(receiver, { version, staleOnShutdown: false })
    const exportNow = async () => {
      receiver.written.length = 0
      const families = await gatherFamilies([registry])
      await exporter.exportFamilies(families)
      const [family] = families
      const cells = isRowSource(family!) ? [0, 1, 2].map((cell) => family.chunks[0]!.labelValue(cell, 0)) : []
      const series = receiver.written.flatMap((request) => request.series)
      const values = series.map(({ labels, samples: [sample] }) => [labels['queue'], sample!.isStale ? 'stale' : sample!.value])
      return { cells, values: Object.fromEntries(values) as Record<string, unknown>, series: series.length }
    }
    for (const queue of ['a', 'b', 'c']) jobs.inc(5, { queue })
    expect(await exportNow()).toEqual({ cells: ['a', 'b', 'c'], values: { a: 5, b: 5, c: 5 }, series: 3 })
    jobs.remove({ queue: 'b' })
    jobs.inc(7, { queue: 'd' })
    expect(await exportNow()).toEqual({ cells: ['a', 'd', 'c'], values: { a: 5, d: 7, c: 5, b: 'stale' }, series: 4 })
    expect(await exportNow()).toEqual({ cells: ['a', 'd', 'c'], values: { a: 5, d: 7, c: 5 }, series: 3 })
    // Two rows exchange their cells: both continue.
    jobs.remove({ queue: 'a' })
    jobs.remove({ queue: 'd' })
    jobs.inc(1, { queue: 'a' })
    jobs.inc(2, { queue: 'd' })
    const exchanged = await exportNow()
    expect(exchanged.cells).toEqual(['d', 'a', 'c'])
    expect(exchanged).toMatchObject({ values: { a: 1, d: 2, c: 5 }, series: 3 })
    expect(receiver.faults).toEqual([])
  })

  test('a row that was removed while a request was sent does not get the values of another row in its cell', async () => {
    const registry = new MetricRegistry()
    const jobs = registry.counter('jobs', { labelKeys: ['queue'] })
    for (const queue of ['a', 'b']) jobs.inc(5, { queue })
    const receiver = await writeReceiver([version], (_, n) => {
      if (n === 0) {
        jobs.remove({ queue: 'b' })
        jobs.inc(7, { queue: 'c' })
      }
      return false
    })
    const exporter = exporterTo(receiver, { version, maxSamplesPerRequest: 1, concurrency: 1, staleOnShutdown: false })
    await exporter.exportFamilies(await gatherFamilies([registry]))
    expect(valuesOf(receiver)).toEqual({ 'jobs_total{queue="a"}': 5 })
    await exporter.exportFamilies(await gatherFamilies([registry]))
    expect(valuesOf(receiver)).toEqual({ 'jobs_total{queue="a"}': 5, 'jobs_total{queue="c"}': 7 })
    expect(receiver.faults).toEqual([])
  })

  test('the series that a view no longer has when it comes back are marked as stale once', async () => {
    const receiver = await writeReceiver([version])
    const stats = new Stats()
    const size = stats.measure('size', { unit: '1' })
    const exporter = exporterTo(receiver, { version, nativeHistograms: true, staleOnShutdown: false })
    const staleAfter = async (aggregation: Aggregation): Promise<string[]> => {
      stats.viewManager.unregisterView('size')
      stats.registerView({ name: 'size', measure: size, aggregation })
      stats.record(size, 1)
      receiver.written.length = 0
      await exporter.exportFamilies(await gatherFamilies([stats]))
      const series = receiver.written.flatMap((request) => request.series)
      return series
        .filter(({ samples: [sample], histograms: [one] }) => sample?.isStale === true || Number.isNaN(one?.sum))
        .map(({ id }) => id)
    }
    expect(await staleAfter(inBuckets([1, 2, 5]))).toEqual([])
    expect(await staleAfter(inBuckets([2, 10]))).toEqual(['size_bucket{le="1"}', 'size_bucket{le="5"}'])
    expect(await staleAfter(inBuckets([2, 10]))).toEqual([])
    expect(await staleAfter(inBuckets([2, 10, 20]))).toEqual([])
    expect(await staleAfter(exponential())).toEqual([
      'size_bucket{le="2"}',
      'size_bucket{le="10"}',
      'size_bucket{le="20"}',
      'size_bucket{le="+Inf"}',
      'size_sum',
      'size_count',
    ])
    expect(await staleAfter(inBuckets([1]))).toEqual(['size'])
    expect(receiver.faults).toEqual([])
  })

  test('stale markers that were not delivered beside others that were are sent again', async () => {
    const registry = new MetricRegistry()
    const jobs = registry.counter('jobs', { labelKeys: ['queue'] })
    for (const queue of ['a', 'b', 'c']) jobs.inc(5, { queue })
    let fails = false
    const receiver = await writeReceiver([version], (response, _, { series }) => {
      const status =
        !fails || series.some(({ id }) => id.includes('"a"')) ? 200 : series.length > 1 ? 413 : series[0]!.id.includes('"b"') ? 200 : 503
      if (status !== 200) response.writeHead(status).end()
      return status !== 200
    })
    const exporter = exporterTo(receiver, { version, staleOnShutdown: false, concurrency: 1 })
    const exportNow = async () =>
      exporter.exportFamilies(await gatherFamilies([registry]), {
        timeUnixMs: Date.now(),
        timeoutMs: 500,
        signal: new AbortController().signal,
        isLast: false,
      })
    await exportNow()
    jobs.remove({ queue: 'b' })
    jobs.remove({ queue: 'c' })
    fails = true
    await expect(exportNow()).rejects.toMatchObject({ retryable: true })
    fails = false
    receiver.written.length = 0
    await exportNow()
    const stale = receiver.written.flatMap(({ series }) => series).filter(({ samples: [sample] }) => sample!.isStale)
    expect(stale.map(({ id }) => id)).toContain('jobs_total{queue="c"}')
  })

  test('an export that cannot be encoded to its end waits for the requests that it has begun', async () => {
    const log: string[] = []
    const receiver = await writeReceiver([version], (response) => {
      setImmediate(() => {
        log.push('response')
        response.writeHead(204).end()
      })
      return true
    })
    const exporter = exporterTo(receiver, { version, maxSamplesPerRequest: 1, staleOnShutdown: false })
    const { descriptor } = gauge(1, 'c')
    const broken = {
      descriptor,
      get timeSeries(): never {
        throw new Error('no series')
      },
    }
    const exporting = exporter.export([gauge(1, 'a'), gauge(2, 'b'), broken]).finally(() => void log.push('end'))
    await expect(exporting).rejects.toThrow('metrics cannot be encoded for remote write: no series')
    expect(log).toEqual(['response', 'end'])
  })

  test('the rows of an instrument that is unregistered between two exports are marked as stale once', async () => {
    const receiver = await writeReceiver([version])
    const registry = new MetricRegistry()
    const [jobs, mails] = [registry.counter('jobs', { labelKeys: ['queue'] }), registry.counter('mails')]
    const exporter = exporterTo(receiver, { version, staleOnShutdown: false })
    const exportNow = async () => {
      receiver.written.length = 0
      await exporter.exportFamilies(await gatherFamilies([registry]))
      const samples = receiver.written.flatMap(({ series }) => series.map(({ samples: [sample] }) => sample!))
      return [samples.length, samples.filter(({ isStale }) => isStale).length]
    }
    mails.inc()
    for (let queue = 0; queue < 600; queue++) jobs.inc({ queue: String(queue) })
    expect(await exportNow()).toEqual([601, 0])
    registry.unregister('jobs')
    expect(await exportNow()).toEqual([601, 600])
    expect(await exportNow()).toEqual([1, 0])
  })

  test('the series of a metric whose labels got other names are marked as stale, and those in another order are not', async () => {
    const receiver = await writeReceiver([version])
    const exporter = exporterTo(receiver, { version, staleOnShutdown: false })
    const depth = (labelKeys: string[], labels: string[], value: number): Metric =>
      metric({ name: 'depth', type: 'GAUGE_DOUBLE', labelKeys }, [labels, value])
    const samplesOf = async (exported: Metric): Promise<unknown[]> => {
      const before = receiver.written.length
      await exporter.export([exported])
      const series = receiver.written.slice(before).flatMap((request) => request.series)
      return series.map(({ id, samples: [sample] }) => [id, sample!.isStale ? 'stale' : sample!.value])
    }
    expect(await samplesOf(depth(['a', 'b'], ['1', '2'], 3))).toEqual([['depth{a="1",b="2"}', 3]])
    expect(await samplesOf(depth(['b', 'a'], ['2', '1'], 4))).toEqual([['depth{a="1",b="2"}', 4]])
    expect(await samplesOf(depth(['b', 'c'], ['2', '1'], 5))).toEqual([
      ['depth{b="2",c="1"}', 5],
      ['depth{a="1",b="2"}', 'stale'],
    ])
    expect(receiver.faults).toEqual([])
  })

  test('shutdown marks all series as stale, unless staleOnShutdown is false', async () => {
    const receiver = await writeReceiver([version])
    const { stats } = shop()
    for (const staleOnShutdown of [true, false]) {
      const instance = String(staleOnShutdown)
      const exporter = exporterTo(receiver, { version, instance, staleOnShutdown, maxSamplesPerRequest: 5 })
      await exporter.exportFamilies(await gatherFamilies([stats]))
      await exporter.shutdown()
    }
    expect(receiver.faults).toEqual([])
    const marked = receiver.written.flatMap(({ series }) => series).filter(({ samples }) => samples.some(({ isStale }) => isStale))
    expect(new Set(marked.map(({ labels }) => labels['instance']))).toEqual(new Set(['true']))
    expect(
      Object.values(valuesOf({ ...receiver, written: receiver.written.filter(({ series }) => series[0]!.labels['instance'] === 'true') })),
    ).toSatisfy((values: unknown[]) => values.length > 20 && values.every((value) => value === 'stale'))
  })

  test('an exemplar is sent once, with its bucket', async () => {
    const receiver = await writeReceiver([version])
    const exemplar = (timeUnixMs: number) => ({ value: 15, timeUnixMs, attachments: { trace_id: 'abc' } })
    const latency = (timeUnixMs: number): Metric =>
      metric({ name: 'a', type: 'CUMULATIVE_DISTRIBUTION' }, [
        [],
        distribution([10, 20], [0, 1, 0], 15, { exemplars: [undefined, exemplar(timeUnixMs)] }),
      ])
    const exporter = exporterTo(receiver, { version })
    const at = Date.now() - 1_000
    for (const metrics of [[latency(at)], [latency(at)]]) await exporter.export(metrics)
    const withExemplar = receiver.written.flatMap(({ series }) => series).filter(({ exemplars }) => exemplars.length > 0)
    expect(withExemplar.map(({ id, exemplars }) => [id, exemplars])).toEqual([
      ['a_bucket{le="20"}', [{ labels: { trace_id: 'abc' }, value: 15, timestamp: at }]],
    ])
  })

  test('labels of a row take precedence over external ones, and job and instance of a row become exported_job and exported_instance', async () => {
    const receiver = await writeReceiver([version])
    const one = metric(
      { name: 'a', type: 'GAUGE_INT64', labelKeys: ['zone', 'job', 'B'] },
      [['eu', 'mail', 'x'], 1],
      [[undefined, '', ''], 2],
    )
    await exporterTo(receiver, { version, externalLabels: { zone: 'us', cluster: 'c' } }).export([one])
    expect(receiver.faults).toEqual([])
    expect(receiver.written[0]!.series.map(({ labels }) => labels)).toEqual([
      { B: 'x', __name__: 'a', cluster: 'c', exported_job: 'mail', instance: 'a:1', job: 'shop', zone: 'eu' },
      { __name__: 'a', cluster: 'c', instance: 'a:1', job: 'shop' },
    ])
  })

  test('a request that is too large is halved', async () => {
    const sizes: number[] = []
    const receiver = await writeReceiver([version], (response, _, { series }) => {
      sizes.push(series.length)
      if (series.length <= 3) return false
      response.writeHead(413).end()
      return true
    })
    const many = metric(
      { name: 'a', type: 'GAUGE_INT64', labelKeys: ['n'] },
      ...Array.from({ length: 10 }, (_, i) => [[`${i}`], i] as [string[], number]),
    )
    await exporterTo(receiver, { version, concurrency: 1 }).export([many])
    expect(sizes).toEqual([10, 5, 2, 3, 5, 2, 3])
    expect(Object.keys(valuesOf(receiver))).toHaveLength(10)
    expect(receiver.faults).toEqual([])
  })

  describe('the contract of exporters', () => {
    let receiver: WriteReceiver
    for (const { name, run } of exporterContract<Metric>({
      create: async () => {
        receiver = await writeReceiver([version])
        return exporterTo(receiver, { version, staleOnShutdown: false, staleMarkers: false })
      },
      items: ['one', 'two', 'three'].map((name_) => gauge(1, name_)),
      received: () => receiver.written.reduce((all, { series }) => all + series.length, 0),
      createFailing: async () => {
        const failing = await writeReceiver([version], (response) => (response.writeHead(400).end('no'), true))
        return exporterTo(failing, { version })
      },
    })) {
      test(name, run)
    }
  })
})

describe('version 1', () => {
  test('metadata that the receiver does not accept is tried once in each export', async () => {
    const receiver = await writeReceiver([1], (response, _, { metadata }) => {
      const isRefused = metadata.length > 0
      if (isRefused) response.writeHead(503).end()
      return isRefused
    })
    const exporter = exporterTo(receiver, { metadata: true, staleOnShutdown: false })
    for (let i = 0; i < 2; i++) await exporter.export([gauge(i)])
    expect(receiver.requests).toHaveLength(4)
  })

  test('metadata is sent separately: with the first export, after a change, and every tenth time', async () => {
    const receiver = await writeReceiver([1])
    const exporter = exporterTo(receiver, { metadata: true })
    const { stats } = shop()
    const exportsWithMetadata: number[] = []
    for (let i = 0; i < 22; i++) {
      const before = receiver.written.length
      await exporter.exportFamilies(await gatherFamilies(i < 15 ? [stats] : [stats, { getMetrics: () => [gauge(1)] }]))
      if (receiver.written.slice(before).some(({ metadata }) => metadata.length > 0)) exportsWithMetadata.push(i)
    }
    expect(exportsWithMetadata).toEqual([0, 10, 15])
    expect(receiver.written.find(({ metadata }) => metadata.length > 0)!.metadata).toContainEqual({
      type: 3,
      metricFamilyName: 'shop_latency_milliseconds',
      help: 'Time to answer',
      unit: 'milliseconds',
    })
    expect(receiver.faults).toEqual([])
  })
})

describe('version 2', () => {
  test('every series has metadata and a start time', async () => {
    const receiver = await writeReceiver([2])
    const { stats, clock } = shop()
    await exporterTo(receiver, { version: 2, metadata: true, clock }).exportFamilies(await gatherFamilies([stats]))
    for (const { id, metadata, samples } of receiver.written.flatMap(({ series }) => series)) {
      expect(metadata, id).toMatchObject({ help: 'Time to answer', unit: 'milliseconds' })
      expect(samples[0]!.startTimestamp, id).toBe(clock.unixMs())
    }
  })

  test('samples that the receiver did not write fail the export and are counted', async () => {
    const receiver = await writeReceiver([2], (response) => {
      response.setHeader('x-prometheus-remote-write-samples-written', '1')
      response.writeHead(204).end()
      return true
    })
    const before = selfValue('tallyscope_exporter_dropped_items_total', 'RemoteWriteExporter', 'rejected')
    const exporting = exporterTo(receiver, { version: 2 }).export([gauge(1, 'a'), gauge(2, 'b'), gauge(3, 'c')])
    await expect(exporting).rejects.toMatchObject({ code: 'ERR_REMOTE_WRITE_FAILED', retryable: false })
    expect(selfValue('tallyscope_exporter_dropped_items_total', 'RemoteWriteExporter', 'rejected')).toBe(before + 2)
  })

  test('samples ignored by a receiver of 1.0 that responds with 204 are counted and fail the export', async () => {
    const receiver = await writeReceiver(['old'])
    await expect(exporterTo(receiver, { version: 2 }).export([gauge(1)])).rejects.toThrow(
      /a receiver of remote write 1.0 writes none of a 2.0 request/,
    )
  })
})

test('a resource with an empty name and instance has the default job and instance', async () => {
  const receiver = await writeReceiver([1])
  const exporter = new RemoteWriteExporter({ url: receiver.url, metadata: false, staleOnShutdown: false })
  exporters.push(exporter)
  await exporter.export([{ ...gauge(1), resource: { 'service.name': '', 'service.instance.id': '' } }])
  expect(receiver.faults).toEqual([])
  const { labels } = receiver.written[0]!.series[0]!
  expect(labels).toMatchObject({ job: 'unknown_service:node', instance: expect.stringMatching(/.:\d+$/) })
})

describe('version auto', () => {
  test.each([
    ['of 2.0', [1, 2], [2, 2, 2, 2], 0],
    ['that responds with 415', [1], [1, 1, 1, 1], 1],
    ['of 1.0 that responds with 204', [1, 'old'], [1, 1, 1, 1], 1],
  ] as const)('a receiver %s gets every sample once', async (_, speaks, versions, wasted) => {
    const receiver = await writeReceiver(speaks)
    const exporter = exporterTo(receiver, { version: 'auto', staleOnShutdown: false })
    for (let i = 0; i < 4; i++) await exporter.export([gauge(i)])
    expect(receiver.written.map(({ version }) => version)).toEqual(versions)
    expect(receiver.requests).toHaveLength(4 + wasted)
    expect(receiver.written.flatMap(({ series }) => series.flatMap(({ samples }) => samples.map(({ value }) => value)))).toEqual([
      0, 1, 2, 3,
    ])
    expect(receiver.faults).toEqual([])
  })

  test('a first request of 2.0 that is too large is halved until a half shows the version', async () => {
    const gauges = ['a', 'b', 'c', 'd'].map((name) => gauge(1, name))
    const versionsTo = async (speaks: 1 | 2, maxSeries: number): Promise<unknown[]> => {
      const receiver = await writeReceiver([speaks], (response, _, { version, series }) => {
        const isTooLarge = version === 2 && series.length > maxSeries
        if (isTooLarge) response.writeHead(413).end()
        return isTooLarge
      })
      const exporter = exporterTo(receiver, { version: 'auto', concurrency: 1, staleOnShutdown: false })
      for (let i = 0; i < 2; i++) await exporter.export(gauges)
      expect(receiver.faults).toEqual([])
      expect(Object.keys(valuesOf(receiver)).sort()).toEqual(['a', 'b', 'c', 'd'])
      return receiver.requests.map(({ headers }) => headers['x-prometheus-remote-write-version'])
    }
    // The second export begins with a request of all series again.
    expect(await versionsTo(2, 2)).toEqual(Array.from({ length: 6 }, () => '2.0.0'))
    expect(await versionsTo(1, 0)).toEqual(['2.0.0', '2.0.0', '2.0.0', '0.1.0', '0.1.0', '0.1.0', '0.1.0'])
  })

  test('status 400 to the first request of 2.0 falls back only if 1.0 is accepted', async () => {
    let refuses1 = true
    const receiver = await writeReceiver([1], (response, _, { version }) => {
      const isRefused = version === 2 || refuses1
      if (isRefused) response.writeHead(400).end('bad')
      return isRefused
    })
    const exporter = exporterTo(receiver, { version: 'auto', staleOnShutdown: false })
    await expect(exporter.export([gauge(1)])).rejects.toMatchObject({ retryable: false })
    refuses1 = false
    for (let i = 0; i < 2; i++) await exporter.export([gauge(2 + i)])
    const asked = receiver.requests.map(({ headers }) => headers['x-prometheus-remote-write-version'])
    expect(asked).toEqual(['2.0.0', '0.1.0', '2.0.0', '0.1.0', '0.1.0'])
  })

  test('requests after one that was refused in both versions are sent as what they are', async () => {
    const receiver = await writeReceiver([1, 2], (response, n) => (n < 2 ? (response.writeHead(400).end('bad'), true) : false))
    const exporter = exporterTo(receiver, { version: 'auto', maxSamplesPerRequest: 1, concurrency: 1, staleOnShutdown: false })
    const exporting = exporter.export([gauge(1, 'a'), gauge(2, 'b'), gauge(3, 'c'), gauge(4, 'd')])
    await expect(exporting).rejects.toThrow('status 400: bad')
    expect(receiver.written.map(({ version, series }) => [version, series[0]!.id])).toEqual([
      [2, 'b'],
      [2, 'c'],
      [2, 'd'],
    ])
    expect(receiver.faults).toEqual([])
  })

  test('a receiver that reports the written samples of a request that it refuses speaks version 2', async () => {
    const written = { 'x-prometheus-remote-write-samples-written': '2' }
    const receiver = await writeReceiver([2], (response, n) => (n === 0 ? (response.writeHead(400, written).end('bad'), true) : false))
    const before = selfValue('tallyscope_exporter_dropped_items_total', 'RemoteWriteExporter', 'refused') ?? 0
    const exporter = exporterTo(receiver, { version: 'auto', staleOnShutdown: false })
    const gauges = [gauge(1, 'a'), gauge(2, 'b'), gauge(3, 'c')]
    await expect(exporter.export(gauges)).rejects.toThrow('status 400: bad')
    expect(selfValue('tallyscope_exporter_dropped_items_total', 'RemoteWriteExporter', 'refused')).toBe(before + 1)
    await exporter.export(gauges)
    expect(receiver.requests.map(({ headers }) => headers['x-prometheus-remote-write-version'])).toEqual(['2.0.0', '2.0.0'])
  })

  test('an absent receiver does not determine the version', async () => {
    const receiver = await writeReceiver([2], (response, n) => (n === 0 ? (response.writeHead(503).end(), true) : false))
    const exporter = exporterTo(receiver, { version: 'auto', random: () => 0, staleOnShutdown: false })
    await exporter.export([gauge(1)])
    expect(receiver.written.map(({ version }) => version)).toEqual([2])
  })
})

describe('responses', () => {
  const context = { timeUnixMs: Date.now(), timeoutMs: 1_500, signal: new AbortController().signal, isLast: false }

  test.each([400, 401, 403, 404, 408, 415])('status %d is not retried', async (status) => {
    const receiver = await writeReceiver([1], (response) => (response.writeHead(status).end('because'), true))
    const exporting = exporterTo(receiver).exportFamilies([gauge(1)], context)
    await expect(exporting).rejects.toThrow(`status ${status}: because`)
    await expect(exporting).rejects.toMatchObject({ retryable: false })
    expect(receiver.requests).toHaveLength(1)
  })

  test.each([429, 500, 501, 502, 503, 504])('status %d is retried with the same bytes', async (status) => {
    const receiver = await writeReceiver([1], (response, n) => (n === 0 ? (response.writeHead(status).end(), true) : false))
    await exporterTo(receiver, { random: () => 0, staleOnShutdown: false }).exportFamilies([gauge(1)], context)
    expect(receiver.requests).toHaveLength(2)
    expect(receiver.requests[1]!.body).toEqual(receiver.requests[0]!.body)
    expect(receiver.requests.map(({ headers }) => headers['retry-attempt'])).toEqual([undefined, '1'])
  })

  test('status 429 is not retried if retryOn429 is false', async () => {
    const receiver = await writeReceiver([1], (response) => (response.writeHead(429).end(), true))
    await expect(exporterTo(receiver, { retryOn429: false }).exportFamilies([gauge(1)], context)).rejects.toMatchObject({
      retryable: false,
    })
    expect(receiver.requests).toHaveLength(1)
  })

  test('an export to an absent receiver rejects in time, and shutdown does not wait for it', async () => {
    const exporter = exporterTo({ url: await closedUrl() })
    const startedMs = performance.now()
    await expect(exporter.exportFamilies([gauge(1)], context)).rejects.toMatchObject({ code: 'ERR_REMOTE_WRITE_FAILED', retryable: true })
    await exporter.shutdown()
    expect(performance.now() - startedMs).toBeLessThan(10_000) // otherwise it is tried for ever
  })
})

test.each([
  [{ url: 'nowhere' }, 'ERR_EXPORTER_URL'],
  [{ version: 3 }, 'ERR_EXPORTER_OPTION'],
  [{ job: '' }, 'ERR_EXPORTER_OPTION'],
  [{ externalLabels: { 'a-b': 'c' } }, 'ERR_EXPORTER_OPTION'],
  [{ externalLabels: { __a: 'c' } }, 'ERR_EXPORTER_OPTION'],
  [{ nativeHistograms: 1 }, 'ERR_EXPORTER_OPTION'],
  [{ exemplars: 'no' }, 'ERR_EXPORTER_OPTION'],
  [{ maxSamplesPerRequest: 0 }, 'ERR_EXPORTER_OPTION'],
  [{ maxRequestBytes: 2 ** 30 }, 'ERR_EXPORTER_OPTION'],
  [{ compress: 'snappy' }, 'ERR_EXPORTER_OPTION'],
  [{ headers: { 'content-type': 'a' } }, 'ERR_EXPORTER_OPTION'],
  [{ labels: {} }, 'ERR_OPTION'],
])('%j is refused', (options, code) => {
  expect(() => new RemoteWriteExporter({ url: 'http://a', ...options } as RemoteWriteExporterOptions)).toThrow(
    expect.objectContaining({ code }),
  )
})
