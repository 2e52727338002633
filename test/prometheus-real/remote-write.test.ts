import { afterAll, beforeAll, expect, test } from 'vitest'
import { protobufEncoder } from '../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import { type MetricsEndpoint, serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/index.js'
import { literalBlock } from '../../src/exporters/prometheus/remote-write/snappy-block.js'
import { gatherFamilies } from '../../src/metrics/collection/gather.js'
import { distribution, exponential, percentiles, sum } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { Prometheus, withoutTarget } from './prometheus.js'
import { describeWith, pause } from './real-program.js'
import { VictoriaMetrics } from './victoria-metrics.js'
import { expectAsScraped } from './as-scraped.js'
import { exportKnownSamples } from './known-samples.js'

/** Bounds that all formats spell alike. */
const BOUNDS = [0.5, 2.5, 7.5]

function shop() {
  const stats = new Stats()
  const latency = stats.measure('shop/latency', { unit: 's', tagKeys: ['route'] })
  const register = (
    name: string,
    aggregation: ReturnType<typeof distribution> | ReturnType<typeof sum> | ReturnType<typeof percentiles> | ReturnType<typeof exponential>,
  ) => stats.viewManager.registerView({ name, measure: latency, tagKeys: ['route'], aggregation })
  register('shop/latency', distribution(BOUNDS))
  register('shop/spent', sum())
  register('shop/quantiles', percentiles({ maxAgeMs: 600_000 }))
  register('shop/native', exponential())
  const work = () => {
    for (let i = 1; i <= 100; i++) stats.record(latency, (i * i) / 1_000, { route: i % 2 === 0 ? '/cart' : 'a "quoted", \\ value\nof ü' })
  }
  return { stats, work }
}

describeWith(['prometheus'], 'Prometheus 2.42 by remote write', () => {
  const { stats, work } = shop()
  let endpoint: MetricsEndpoint
  let prometheus: Prometheus
  beforeAll(async () => {
    endpoint = await serveMetrics({ port: 0, producers: [stats], selfMetrics: false, encoders: [protobufEncoder, textEncoder] })
    prometheus = await Prometheus.start(new URL(endpoint.url), [
      '--web.enable-remote-write-receiver',
      '--enable-feature=native-histograms,exemplar-storage',
    ])
  }, 60_000)
  afterAll(async () => {
    await prometheus?.stop()
    await endpoint?.close()
  })

  const exporterFor = (job: string, options: object = {}) =>
    new RemoteWriteExporter({ url: `${prometheus.url}/api/v1/write`, job, instance: 'a:1', ...options })

  test('queries return the same as when Prometheus scrapes the process, until the process ends', async () => {
    const native = exporterFor('native', { nativeHistograms: true })
    const classic = exporterFor('classic')
    for (let second = 0; second < 6; second++) {
      if (second < 5) work()
      const families = await gatherFamilies([stats])
      await native.exportFamilies(families)
      await classic.exportFamilies(families)
      await pause(1_000)
    }
    await prometheus.until('shop_spent_seconds_total{job="shop"} == on(route) shop_spent_seconds_total{job="classic"}')
    await pause(1_500)
    // The scrape reads protobuf: a distribution with exponential buckets is a native histogram there, as it is for `native`.
    for (const job of ['classic', 'native']) await expectAsScraped((expression) => prometheus.query(expression), job)
    for (const quantile of [0.5, 0.9, 0.99]) {
      const query = (job: string) => prometheus.query(`histogram_quantile(${quantile}, shop_native_seconds{job="${job}"})`)
      const scraped = withoutTarget(await query('shop'))
      expect(scraped).toHaveLength(2)
      expect(withoutTarget(await query('native'))).toEqual(scraped)
    }
    expect(await prometheus.value('sum(rate(shop_spent_seconds_total{job="classic"}[1m]))')).toBeGreaterThan(0)
    expect(await prometheus.query('shop_native_seconds_count{job="classic"}')).toHaveLength(2)
    await Promise.all([native.shutdown(), classic.shutdown()])
    for (const job of ['native', 'classic']) expect(await prometheus.query(`{job="${job}"}`)).toEqual([])
    expect((await prometheus.query('shop_spent_seconds_total{job="shop"}')).length).toBe(2)
  }, 60_000)

  test('the rate over the same samples is exact', async () => {
    const exporter = exporterFor('rates', { staleOnShutdown: false })
    const lastS = await exportKnownSamples(exporter)
    const time = String(lastS)
    const { result } = await prometheus.api<{ result: { value: [number, string] }[] }>('query', {
      query: 'increase(done_total{job="rates"}[60s])',
      time,
    })
    expect(Number(result[0]!.value[1])).toBeCloseTo(600, 6)
  }, 30_000)

  test('with version auto no sample is lost if the receiver refuses a version', async () => {
    const exporter = exporterFor('auto', { version: 'auto', staleOnShutdown: false })
    await exporter.exportFamilies(await gatherFamilies([stats]))
    await exporter.shutdown()
    expect((await prometheus.query('shop_spent_seconds_total{job="auto"}')).length).toBe(2)
  }, 30_000)

  test('exemplars are found by the API', async () => {
    const exporter = exporterFor('exemplars', { staleOnShutdown: false })
    const own = new Stats()
    const took = own.measure('took', { unit: 's' })
    own.viewManager.registerView({ name: 'took', measure: took, aggregation: distribution(BOUNDS) })
    own.record(took, 1.5, {}, { trace_id: 'abcdef' })
    await exporter.exportFamilies(await gatherFamilies([own]))
    await exporter.shutdown()
    const found = await prometheus.api<{ seriesLabels: Record<string, string>; exemplars: { labels: object; value: string }[] }[]>(
      'query_exemplars',
      {
        query: 'took_seconds_bucket',
        start: String(Date.now() / 1_000 - 600),
        end: String(Date.now() / 1_000 + 600),
      },
    )
    expect(found.map(({ seriesLabels, exemplars }) => [seriesLabels['le'], exemplars.map(({ labels, value }) => [labels, value])])).toEqual(
      [['2.5', [[{ trace_id: 'abcdef' }, '1.5']]]],
    )
  }, 30_000)
})

describeWith(['victoria-metrics'], 'VictoriaMetrics by remote write', () => {
  const { stats, work } = shop()
  let endpoint: MetricsEndpoint
  let victoria: VictoriaMetrics
  beforeAll(async () => {
    endpoint = await serveMetrics({ port: 0, producers: [stats], selfMetrics: false })
    victoria = await VictoriaMetrics.start({ job: 'shop', url: endpoint.url })
  }, 60_000)
  afterAll(async () => {
    await victoria?.stop()
    await endpoint?.close()
  })

  const exporterFor = (job: string, options: object = {}) =>
    new RemoteWriteExporter({ url: `${victoria.url}/api/v1/write`, job, instance: 'a:1', ...options })

  // It has no native histograms: those are compared in Prometheus.
  test('queries return the same as when VictoriaMetrics scrapes the process, compressed or not, until it ends', async () => {
    const exporters = { snappy: exporterFor('snappy'), literal: exporterFor('literal', { compress: literalBlock }) }
    for (let second = 0; second < 6; second++) {
      if (second < 4) work()
      const families = await gatherFamilies([stats])
      for (const exporter of Object.values(exporters)) await exporter.exportFamilies(families)
      await pause(1_000)
    }
    for (const job of Object.keys(exporters)) {
      const equal = `count(shop_spent_seconds_total{job="shop"} == on(route) shop_spent_seconds_total{job="${job}"})`
      await victoria.until('the samples of both', async () => (await victoria.query(equal))[0]?.value === 2)
      await expectAsScraped((expression) => victoria.query(expression), job)
    }
    for (const exporter of Object.values(exporters)) await exporter.shutdown()
    await victoria.until('the end', async () => (await victoria.query('{job=~"snappy|literal"}')).length === 0)
    expect(await victoria.query('shop_spent_seconds_total{job="shop"}')).toHaveLength(2)
  }, 60_000)

  test('the rate over the same samples is exact', async () => {
    const exporter = exporterFor('rates', { staleOnShutdown: false })
    const lastS = await exportKnownSamples(exporter)
    const value = async (expression: string) => (await victoria.query(expression, lastS))[0]?.value
    await victoria.until('all samples', async () => (await value('count_over_time(done_total{job="rates"}[61s])')) === 7)
    expect(await value('increase(done_total{job="rates"}[60s])')).toBe(600)
    expect(await value('rate(done_total{job="rates"}[60s])')).toBe(10)
  }, 60_000)
})
