import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MetricsEndpoint, serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { PrometheusTextPushExporter } from '../../src/exporters/prometheus/push/text-push-exporter.js'
import { distribution, percentiles, sum } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { expectAsScraped } from './as-scraped.js'
import { exportKnownSamples } from './known-samples.js'
import { describeWith, pause } from './real-program.js'
import { VictoriaMetrics } from './victoria-metrics.js'

describeWith(['victoria-metrics'], 'VictoriaMetrics by import of text', () => {
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
  let victoria: VictoriaMetrics
  beforeAll(async () => {
    endpoint = await serveMetrics({ port: 0, producers: [stats], selfMetrics: false })
    victoria = await VictoriaMetrics.start({ job: 'shop', url: endpoint.url })
  }, 60_000)
  afterAll(async () => {
    await victoria?.stop()
    await endpoint?.close()
  })

  const exporterFor = (job: string) =>
    new PrometheusTextPushExporter({ url: `${victoria.url}/api/v1/import/prometheus`, extraLabels: { job, instance: 'a:1' } })

  test('queries return the same as when the process is scraped', async () => {
    const exporter = exporterFor('pushed')
    for (let second = 0; second < 6; second++) {
      if (second < 4) work()
      await exporter.export(stats.getMetrics())
      await pause(1_000)
    }
    const equal = 'count(shop_spent_seconds_total{job="shop"} == on(route) shop_spent_seconds_total{job="pushed"})'
    await victoria.until('the samples of both', async () => (await victoria.query(equal))[0]?.value === 2)
    await expectAsScraped((expression) => victoria.query(expression), 'pushed')
    const metrics = await (await fetch(`${victoria.url}/metrics`)).text()
    expect(metrics).toMatch(/^vm_rows_invalid_total\{type="prometheus"\} 0$/m)
    await exporter.shutdown()
  }, 60_000)

  test('the rate over samples of known times is exact', async () => {
    const exporter = exporterFor('rates')
    const lastS = await exportKnownSamples(exporter)
    const increase = async () => (await victoria.query('increase(done_total{job="rates"}[60s])', lastS))[0]?.value
    await victoria.until('the last sample', async () => ((await increase()) ?? 0) >= 600)
    expect(await increase()).toBe(600)
  }, 60_000)
})
