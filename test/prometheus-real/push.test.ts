import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PushGatewayExporter } from '../../src/exporters/prometheus/push/push-gateway-exporter.js'
import { type MetricsEndpoint, serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { distribution, metric, producer } from '../exporters/prometheus/format/metric-samples.js'
import { describeWith, freePort, RunningProgram } from './real-program.js'
import { VictoriaMetrics } from './victoria-metrics.js'

const VALUE = 'a "quote", a \\ and\na line'
const metrics = [
  metric({ name: 'jobs', type: 'CUMULATIVE_INT64', description: 'Jobs done', labelKeys: ['queue'] }, [[VALUE], 3], [['mail'], 4]),
  metric({ name: 'took', type: 'CUMULATIVE_DISTRIBUTION', unit: 's' }, [[], distribution([0.5, 1], [1, 2, 3], 7.5)]),
  metric({ name: 'depth', type: 'GAUGE_INT64' }, [[], 9]),
]

describeWith(['prometheus-pushgateway'], 'a real Pushgateway takes what is pushed', () => {
  let program: RunningProgram
  let url: string

  beforeAll(async () => {
    const address = `127.0.0.1:${await freePort()}`
    url = `http://${address}`
    // By default, Debian's Pushgateway stores pushed metrics in a file of the machine.
    program = new RunningProgram('prometheus-pushgateway', [`--web.listen-address=${address}`, '--persistence.file='])
    await program.until('ready', async () => ((await fetch(`${url}/-/ready`).catch(() => undefined))?.ok ? true : undefined))
  }, 60_000)

  afterAll(() => program?.stop())

  /** The samples that the gateway shows of one job. */
  const shown = async (job: string): Promise<string[]> => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return text.split('\n').filter((line) => line.includes(`job="${job}"`) && !line.startsWith('push_'))
  }

  test('push replaces the group, add keeps other families, delete empties it', async () => {
    const gateway = new PushGatewayExporter({ url, job: 'nightly', groupingKey: { shard: '3' } })
    await gateway.export(metrics)
    expect(await shown('nightly')).toEqual([
      'depth{instance="",job="nightly",shard="3"} 9',
      'jobs_total{instance="",job="nightly",queue="a \\"quote\\", a \\\\ and\\na line",shard="3"} 3',
      'jobs_total{instance="",job="nightly",queue="mail",shard="3"} 4',
      'took_seconds_bucket{instance="",job="nightly",shard="3",le="0.5"} 1',
      'took_seconds_bucket{instance="",job="nightly",shard="3",le="1"} 3',
      'took_seconds_bucket{instance="",job="nightly",shard="3",le="+Inf"} 6',
      'took_seconds_sum{instance="",job="nightly",shard="3"} 7.5',
      'took_seconds_count{instance="",job="nightly",shard="3"} 6',
    ])
    await gateway.push(metrics.slice(2))
    expect(await shown('nightly')).toHaveLength(1)
    await gateway.pushAdd(metrics.slice(0, 1))
    expect(await shown('nightly')).toHaveLength(3)
    await gateway.delete()
    expect(await shown('nightly')).toEqual([])
    await gateway.delete()
  })

  test('jobs and grouping values of any kind arrive unchanged', async () => {
    const gateway = new PushGatewayExporter({ url, job: 'a/b ü', groupingKey: { empty: '', path: '/x/y' }, gzip: false })
    await gateway.push(metrics.slice(2))
    expect(await shown('a/b ü')).toEqual(['depth{empty="",instance="",job="a/b ü",path="/x/y"} 9'])
  })

  test('a refusal is reported and is not retryable', async () => {
    const other = metric({ name: 'depth', type: 'CUMULATIVE_DISTRIBUTION', exactName: true }, [[], distribution([], [1], 1)])
    const gateway = new PushGatewayExporter({ url, job: 'other' })
    await new PushGatewayExporter({ url, job: 'first' }).push(metrics.slice(2))
    await expect(gateway.push([other])).rejects.toMatchObject({
      code: 'ERR_PUSH_FAILED',
      retryable: false,
      message: expect.stringContaining('400'),
    })
  })
})

describeWith(['victoria-metrics'], 'a real VictoriaMetrics takes what is scraped and imported', () => {
  let endpoint: MetricsEndpoint
  let victoria: VictoriaMetrics
  beforeAll(async () => {
    endpoint = await serveMetrics({ port: 0, producers: [producer(() => metrics)], selfMetrics: false })
    victoria = await VictoriaMetrics.start({ job: 'scraped', url: endpoint.url })
  }, 60_000)
  afterAll(async () => {
    await victoria?.stop()
    await endpoint?.close()
  })

  /** The newest value of each series, by name and labels. */
  const stored = async (match: string): Promise<Map<string, number>> => {
    await fetch(`${victoria.url}/internal/force_flush`)
    const text = await (await fetch(`${victoria.url}/api/v1/export?${new URLSearchParams({ 'match[]': match })}`)).text()
    const lines = text.split('\n').filter((line) => line !== '')
    return new Map(
      lines.map((line) => {
        const { metric: labels, values } = JSON.parse(line) as { metric: Record<string, string>; values: number[] }
        const { __name__: name, queue, le } = labels
        return [[name, queue, le].filter((part) => part !== undefined).join('|'), values.at(-1)!]
      }),
    )
  }

  const expected = new Map<string, number>([
    [`jobs_total|${VALUE}`, 3],
    ['jobs_total|mail', 4],
    ['took_seconds_bucket|0.5', 1],
    ['took_seconds_bucket|1', 3],
    ['took_seconds_bucket|+Inf', 6],
    ['took_seconds_sum', 7.5],
    ['took_seconds_count', 6],
    ['depth', 9],
  ])

  test('a scrape stores every value', async () => {
    await victoria.until('a scrape', async () => (await stored('{job="scraped",__name__!~"up|scrape_.*"}')).size > 0)
    expect(await stored('{job="scraped",__name__!~"up|scrape_.*"}')).toEqual(expected)
  })

  test('an import stores every value, compressed or not', async () => {
    const text = formatText(metrics)
    for (const [name, body, headers] of [
      ['plain', text, {}],
      ['zipped', gzipSync(text), { 'content-encoding': 'gzip' }],
    ] as const) {
      const response = await fetch(`${victoria.url}/api/v1/import/prometheus?extra_label=source=${name}`, { method: 'POST', body, headers })
      expect(response.status).toBe(204)
      await victoria.until('the import', async () => (await stored(`{source="${name}"}`)).size > 0)
      expect(await stored(`{source="${name}"}`)).toEqual(expected)
    }
  })
})
