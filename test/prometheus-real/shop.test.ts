import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RATES } from '../../examples/shop/load.js'
import { Prometheus } from './prometheus.js'
import { describeWith, RunningProgram } from './real-program.js'

const root = join(import.meta.dirname, '../..')

/** The shop as `npm start` runs it, once the build is there. */
async function openShop(folder: string, port: string): Promise<{ shop: RunningProgram; url: string }> {
  const shop = new RunningProgram(process.execPath, ['examples/shop/main.js'], { cwd: root, env: { PORT: port, SHOP_FOLDER: folder } })
  const url = await shop.until('the URL on a line of its own', () => /^http:\/\/127\.0\.0\.1:\d+\/metrics$/m.exec(shop.output)?.[0])
  return { shop, url }
}

let folder: string
beforeAll(() => {
  spawnSync(process.execPath, ['scripts/build.js'], { cwd: root })
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-shop-'))
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the demo uses another port if the requested one is in use, and ends cleanly after its last export', async () => {
  const first = await openShop(join(folder, 'first'), '0')
  const second = await openShop(join(folder, 'second'), new URL(first.url).port)
  expect(second.url).not.toBe(first.url)
  expect(await first.shop.stop('SIGTERM')).toBe(0)
  expect(await second.shop.stop('SIGINT')).toBe(0)
  for (const { shop } of [first, second])
    expect(shop.output.trimEnd().split('\n').at(-1)).toBe('the shop is closed, the last export is done')
  // They ran for less than an interval, so what the files hold is that last export.
  for (const name of ['first', 'second']) {
    const lines = readFileSync(join(folder, name, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line).descriptor.name)).toContain('shop/requests')
  }
})

describeWith(['prometheus', 'promtool'], 'a real Prometheus scrapes the demo', () => {
  let shop: RunningProgram
  let url: string
  let prometheus: Prometheus

  beforeAll(async () => {
    ;({ shop, url } = await openShop(folder, '0'))
    prometheus = await Prometheus.start(new URL(url))
    await prometheus.until('min_over_time(up{job="shop"}[14s]) == 1 and count_over_time(up{job="shop"}[14s]) >= 13')
  }, 120_000)

  afterAll(async () => {
    await prometheus?.stop()
    await shop?.stop()
  })

  /**
   * Within so many percent, since the window of a rate does not begin and end with a request. Where the machine had no time for the
   * load, a later window must show it.
   */
  const near = (expression: string, value: number, percent: number) =>
    expect
      .poll(async () => Math.abs((await prometheus.value(expression)) / value - 1) * 100, {
        timeout: 25_000,
        interval: 500,
        message: expression,
      })
      .toBeLessThanOrEqual(percent)

  test('every scrape succeeds', async () => {
    expect(await prometheus.value('min_over_time(up{job="shop"}[5s])')).toBe(1)
    const { activeTargets } = await prometheus.api<{ activeTargets: { health: string; lastError: string }[] }>('targets')
    expect(activeTargets).toMatchObject([{ health: 'up', lastError: '' }])
  })

  test('rate() returns the rates of the load', async () => {
    await near('sum(rate(shop_requests_total{route="/products"}[10s]))', RATES.products, 15)
    await near('sum(rate(shop_requests_total{route="/orders",status="200"}[10s]))', RATES.orders, 15)
    await near('sum(rate(shop_requests_total{route="/orders",status="404"}[10s]))', RATES.unknownProduct, 30)
    await near('sum(rate(shop_latency_seconds_count[10s]))', RATES.products + RATES.orders + RATES.unknownProduct, 15)
  })

  test('histogram_quantile() returns the quantiles of the load', async () => {
    // Orders have 1 to 8 articles in turn, all from the north.
    await near('histogram_quantile(0.5, sum by (le) (rate(shop_order_items_bucket{region="north"}[10s])))', 4, 12)
    await near('histogram_quantile(0.99, sum by (le) (rate(shop_order_items_bucket[10s])))', 7.92, 5)
    await near('sum(rate(shop_order_items_sum[10s])) / sum(rate(shop_order_items_count[10s]))', 4.5, 8)
  })

  test('histogram_quantile() returns the time that the routes take', async () => {
    const orders = await prometheus.value('histogram_quantile(0.9, sum by (le) (rate(shop_latency_seconds_bucket{route="/orders"}[10s])))')
    expect(orders).toBeGreaterThan(0.025) // they pause for 30 ms
    expect(orders).toBeLessThan(0.5)
    const products = await prometheus.value(
      'histogram_quantile(0.5, sum by (le) (rate(shop_latency_seconds_bucket{route="/products"}[10s])))',
    )
    expect(products).toBeGreaterThan(0.002) // they pause for 4 ms
    expect(products).toBeLessThan(0.25)
  })

  test('tags of the async context arrive as labels', async () => {
    const regions = await prometheus.query('sum by (region) (shop_sent_bytes_total)')
    expect(regions.map(({ labels }) => labels.region).sort()).toEqual(['north', 'south'])
    expect(regions.every(({ value }) => value > 0)).toBe(true)
  })

  test('gauges and last values arrive', async () => {
    expect((await prometheus.query('shop_stock')).map(({ labels }) => labels.product).sort()).toEqual(['cup', 'pot', 'tea'])
    expect(await prometheus.value('shop_uptime_seconds')).toBeGreaterThan(10)
    expect(await prometheus.value('shop_open_requests')).toBeGreaterThanOrEqual(0)
  })

  test('types and descriptions arrive', async () => {
    const metadata = await prometheus.api<Record<string, { type: string; help: string }[]>>('metadata')
    // OpenMetrics, which Prometheus asks for, names a counter without its suffix.
    expect(metadata.shop_requests ?? metadata.shop_requests_total).toMatchObject([{ type: 'counter', help: 'Requests served' }])
    expect(metadata.shop_latency_seconds).toMatchObject([{ type: 'histogram' }])
    expect(metadata.shop_stock).toMatchObject([{ type: 'gauge', help: 'Articles left of a product' }])
  })

  test('promtool reports nothing about the whole document', async () => {
    const document = await (await fetch(url)).text()
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: document, encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})
