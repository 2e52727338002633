import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MetricsEndpoint, serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { PrometheusTextPushExporter } from '../../src/exporters/prometheus/push/text-push-exporter.js'
import { distribution, percentiles, sum } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { describeWith, freePort, pause, RunningProgram } from './real-program.js'
import { exportKnownSamples } from './known-samples.js'

type Result = readonly { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }[]

describeWith(['victoria-metrics'], 'VictoriaMetrics by import of text', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyscope-import-'))
  const stats = new Stats()
  const latency = stats.measure('shop/latency', { unit: 's', tagKeys: ['route'] })
  for (const [name, aggregation] of [
    ['shop/latency', distribution([0.5, 2.5, 7.5])],
    ['shop/spent', sum()],
    ['shop/quantiles', percentiles({ maxAgeMs: 600_000 })],
  ] as const) {
    stats.viewManager.registerView({ name, measure: latency, tagKeys: ['route'], aggregation })
  }
  const work = () => {
    for (let i = 1; i <= 100; i++) stats.record(latency, (i * i) / 1_000, { route: i % 2 === 0 ? '/cart' : 'a "quoted", \\ value\nof ü' })
  }
  let endpoint: MetricsEndpoint
  let program: RunningProgram
  let url: string

  beforeAll(async () => {
    endpoint = await serveMetrics({ port: 0, producers: [stats], selfMetrics: false })
    const config = join(folder, 'scrape.yml')
    const { host } = new URL(endpoint.url)
    writeFileSync(config, `scrape_configs: [{ job_name: shop, scrape_interval: 1s, static_configs: [{ targets: ['${host}'] }] }]\n`)
    const address = `127.0.0.1:${await freePort()}`
    url = `http://${address}`
    program = new RunningProgram('victoria-metrics', [
      `-storageDataPath=${join(folder, 'data')}`,
      `-httpListenAddr=${address}`,
      `-promscrape.config=${config}`,
      '-search.latencyOffset=0s',
    ])
    await program.until('ready', async () => ((await fetch(`${url}/health`).catch(() => undefined))?.ok ? true : undefined))
  }, 60_000)
  afterAll(async () => {
    await program?.stop()
    await endpoint?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const query = async (expression: string, time?: number): Promise<Result> => {
    const at = time === undefined ? {} : { time: String(time) }
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression, nocache: '1', ...at })}`)
    return ((await response.json()) as { data: { result: Result } }).data.result
  }
  /** Samples without what tells apart who wrote them. */
  const plain = (result: Result) =>
    result
      .map(({ metric, value }) => {
        const own = Object.entries(metric).filter(([name]) => name !== 'job' && name !== 'instance')
        return JSON.stringify([own.sort(), value[1]])
      })
      .sort()
  const exporterFor = (job: string) =>
    new PrometheusTextPushExporter({ url: `${url}/api/v1/import/prometheus`, extraLabels: { job, instance: 'a:1' } })

  test('queries answer as when it scrapes the same process', async () => {
    const exporter = exporterFor('pushed')
    for (let second = 0; second < 6; second++) {
      if (second < 4) work()
      await exporter.export(stats.getMetrics())
      await pause(1_000)
    }
    const equal = 'count(shop_spent_seconds_total{job="shop"} == on(route) shop_spent_seconds_total{job="pushed"})'
    await program.until('the samples of both', async () => ((await query(equal))[0]?.value[1] === '2' ? true : undefined))
    for (const name of [
      'shop_spent_seconds_total',
      'shop_latency_seconds_bucket',
      'shop_latency_seconds_sum',
      'shop_latency_seconds_count',
      'shop_quantiles_seconds',
      'shop_quantiles_seconds_count',
    ]) {
      const scraped = plain(await query(`${name}{job="shop"}`))
      expect(scraped.length, name).toBeGreaterThan(1)
      expect(plain(await query(`${name}{job="pushed"}`)), name).toEqual(scraped)
    }
    for (const quantile of [0.5, 0.9]) {
      const of = (job: string) => query(`histogram_quantile(${quantile}, shop_latency_seconds_bucket{job="${job}"})`)
      expect(plain(await of('pushed'))).toEqual(plain(await of('shop')))
    }
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toMatch(/^vm_rows_invalid_total\{type="prometheus"\} 0$/m)
    await exporter.shutdown()
  }, 60_000)

  test('the rate over samples of known times is exact', async () => {
    const exporter = exporterFor('rates')
    const lastS = await exportKnownSamples(exporter)
    const increase = () => query('increase(done_total{job="rates"}[60s])', lastS)
    await program.until('the last sample', async () => (Number((await increase())[0]?.value[1]) >= 600 ? true : undefined))
    expect(Number((await increase())[0]!.value[1])).toBe(600)
  }, 60_000)
})
