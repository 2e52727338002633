import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ConfigurationError } from '../../src/setup/configuration/problem.js'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { count } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import type { TallyscopeOptions } from '../../src/setup/tallyscope-options.js'
import { createTallyscope, type Tallyscope } from '../../src/setup/tallyscope.js'
import type { SpanData } from '../../src/trace/data/span-data.js'

let folder: string
const open: Tallyscope[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-'))
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((scope) => scope.shutdown()))
  rmSync(folder, { recursive: true })
})

function create(options: TallyscopeOptions): Tallyscope {
  const scope = createTallyscope({ env: {}, stats: new Stats(), ...options })
  open.push(scope)
  return scope
}

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, any>)

function problemsOf(options: TallyscopeOptions): string[] {
  try {
    create(options)
  } catch (error) {
    return (error as ConfigurationError).problems.map(({ path, problem }) => `${path}: ${problem}`)
  }
  return []
}

test('spans and metrics are exported to files, /metrics is served, and shutdown exports the rest', async () => {
  const [traces, metrics] = [join(folder, 'traces.jsonl'), join(folder, 'metrics.jsonl')]
  const scope = create({
    service: 'shop',
    traces: { sampler: 'alwaysOn', exporters: [{ file: traces }] },
    metrics: { exporters: [{ file: metrics }], intervalMs: 10_000 },
    prometheus: { port: 0 },
  })
  await scope.start()
  const requests = scope.stats.measure('shop/requests')
  scope.stats.viewManager.registerView({ name: 'shop/requests', measure: requests, aggregation: count() })
  scope.stats.record(requests, 1)
  scope.registry.gauge('queue/depth').set(3)
  await scope.tracer.span('checkout', async () => {})
  const text = await (await fetch(scope.metricsUrl!)).text()
  expect(text).toContain('shop_requests_total 1\n')
  expect(text).toContain('queue_depth 3\n')
  expect(text).toContain('span_latency_seconds_count{span="checkout"')
  await scope.shutdown()
  expect(JSON.stringify(linesOf(traces))).toContain('checkout')
  const exported = linesOf(metrics) as unknown as Metric[]
  expect(exported.map(({ descriptor }) => descriptor.name)).toEqual(['span/latency', 'shop/requests', 'queue/depth'])
  expect(exported.every(({ resource }) => resource?.['service.name'] === 'shop')).toBe(true)
  await expect(fetch(scope.metricsUrl ?? 'http://127.0.0.1:1/')).rejects.toThrow()
})

test('nothing starts before start(), and shutdown without it succeeds', async () => {
  const metrics = new MemoryExporter<Metric>()
  const scope = create({ metrics: { exporters: [metrics], intervalMs: 1 }, prometheus: true })
  expect(scope.metricsUrl).toBeUndefined()
  await scope.shutdown()
  await scope.shutdown()
  expect(metrics.items).toEqual([])
})

test('spans go to every exporter, each with its configured transport', async () => {
  const [one, other] = [new MemoryExporter<SpanData>(), new MemoryExporter<SpanData>()]
  const scope = create({ traces: { sampler: 'alwaysOn', exporters: [one, other, 'memory(transport=async)'], transport: 'sync' } })
  scope.tracer.span('a', () => {})
  expect([one.items.length, other.items.length]).toEqual([1, 1])
  await scope.flush()
})

test('a failing exporter does not affect the other exporters', async () => {
  const kept = new MemoryExporter<SpanData>()
  const broken = {
    export: () => {
      throw new Error('planted')
    },
  }
  const scope = create({ traces: { sampler: 'alwaysOn', exporters: [broken, kept] } })
  scope.tracer.span('a', () => {})
  await scope.shutdown()
  expect(kept.items).toHaveLength(1)
})

test('a configuration file is read, its path from code or from the environment', async () => {
  const path = join(folder, 'tallyscope.json')
  const out = join(folder, 'traces')
  const TRACE = {
    SAMPLER: 'opencensus.trace.samplers.ProbabilitySampler(rate=1)',
    EXPORTER: `opencensus.trace.file_exporter.FileExporter(file_name='${out}')`,
    PROPAGATOR: 'opencensus.trace.propagation.google_cloud_format.GoogleCloudFormatPropagator()',
    EXCLUDELIST_PATHS: ['_ah/health'],
  }
  writeFileSync(path, JSON.stringify({ OPENCENSUS: { TRACE } }))
  for (const options of [{ configFile: path }, { env: { TALLYSCOPE_CONFIG_FILE: path } }]) {
    const scope = create(options)
    expect(scope.excludelistPaths).toEqual(['_ah/health'])
    const headers: Record<string, string> = {}
    scope.tracer.span('a', () => scope.tracer.inject(headers))
    expect(Object.keys(headers)).toEqual(['x-cloud-trace-context'])
    await scope.shutdown()
  }
  expect(linesOf(out)).toHaveLength(2)
})

test('access to the metrics is limited by configuration: a file of tokens, host names, a function', async () => {
  const bearerTokenFile = join(folder, 'token')
  writeFileSync(bearerTokenFile, 'right\n')
  const scope = create({ prometheus: { port: 0, bearerTokenFile, allowedHosts: ['127.0.0.1'], guard: (_, query) => query !== 'refused' } })
  await scope.start()
  const status = async (token: string, query = '') =>
    (await fetch(scope.metricsUrl! + query, { headers: { authorization: `Bearer ${token}` } })).status
  expect([await status('wrong'), await status('right'), await status('right', '?refused')]).toEqual([401, 200, 403])
  await scope.shutdown()
  const missing = create({ env: { TALLYSCOPE_PROMETHEUS_PORT: '0', TALLYSCOPE_PROMETHEUS_BEARER_TOKEN_FILE: join(folder, 'missing') } })
  await expect(missing.start()).rejects.toMatchObject({ code: 'ERR_PROMETHEUS_OPTION' })
  await missing.shutdown()
  expect(problemsOf({ env: { TALLYSCOPE_PROMETHEUS_BEARER_TOKEN_FILE: ' ' } })).toEqual([
    'TALLYSCOPE_PROMETHEUS_BEARER_TOKEN_FILE: it is empty',
  ])
  expect(problemsOf({ prometheus: { guard: 'yes' as never } })).toEqual([
    'prometheus.guard: must be a function, which is possible only in code: it is "yes"',
  ])
})

test('constant and renamed labels are read from code, the environment or a file, and apply to served and exported metrics', async () => {
  const metrics = join(folder, 'metrics.jsonl')
  const configFile = join(folder, 'scope.json')
  writeFileSync(configFile, JSON.stringify({ renameLabels: { 'http.route': 'route' }, prometheus: { port: 0 } }))
  const env = { TALLYSCOPE_CONSTANT_LABELS: 'app=shop,zone=eu' }
  const scope = create({ configFile, env, metrics: { exporters: [{ file: metrics }] }, traces: false })
  await scope.start()
  scope.registry.counter('calls', { labelKeys: ['http.route'] }).inc({ 'http.route': '/cart' })
  expect(await (await fetch(scope.metricsUrl!)).text()).toContain('calls_total{route="/cart",app="shop",zone="eu"} 1')
  await scope.shutdown()
  expect(linesOf(metrics).find(({ descriptor }) => descriptor.name === 'calls')!['descriptor'].labelKeys).toEqual(['route', 'app', 'zone'])

  const labelled = create({ env, constantLabels: { app: 'code' }, traces: false })
  expect(labelled.metricsOptions).toEqual({ constantLabels: { app: 'code' } })
  expect(problemsOf({ constantLabels: { é: 'x' }, renameLabels: { a: '' } })).toEqual([
    expect.stringContaining('constantLabels: a label key must be'),
    expect.stringContaining('renameLabels: a label key must be'),
  ])
})

test('all problems are reported at once, including those found by a component', () => {
  expect(
    problemsOf({
      configFile: join(folder, 'missing.json'),
      traces: { sampler: 'probability(2)', exporters: ['console(format=loud)', 'nowhere'] },
      metrics: { intervalMs: 0 },
      prometheus: { port: -1 },
    }),
  ).toEqual([
    expect.stringMatching(/missing\.json: cannot be read: ENOENT/),
    'traces.exporters[1]: there is no exporter "nowhere"',
    'metrics.intervalMs: must be a number of milliseconds from 1 to 2147483647: it is 0',
    'prometheus.port: must be a port from 0 to 65535: it is -1',
    expect.stringMatching(/^traces\.sampler: .*2$/),
    expect.stringMatching(/^traces\.exporters: .*"loud"$/),
  ])
})

test('an invalid configuration leaves no file behind', () => {
  const path = join(folder, 'a.jsonl')
  expect(problemsOf({ traces: { sampler: 'no', exporters: { file: path } } })).toHaveLength(1)
  expect(existsSync(path)).toBe(false)
})

test('if disabled, nothing is sampled, exported or served, and recording continues', async () => {
  const spans = new MemoryExporter<SpanData>()
  const scope = create({ enabled: false, traces: { sampler: 'alwaysOn', exporters: [spans] }, prometheus: true })
  await scope.start()
  scope.tracer.span('a', () => {})
  expect(scope.metricsUrl).toBeUndefined()
  expect(spans.items).toEqual([])
  expect(scope.stats.viewManager.getView('span/latency')!.rows).toHaveLength(1)
})

test('a port in use rejects the start, which may be retried', async () => {
  const first = create({ prometheus: { port: 0 } })
  await first.start()
  const port = Number(new URL(first.metricsUrl!).port)
  const second = create({ prometheus: { port }, metrics: { runtime: true } })
  await expect(second.start()).rejects.toMatchObject({ code: 'ERR_SERVER_LISTEN' })
  await first.shutdown()
  await second.start()
  expect(await (await fetch(second.metricsUrl!)).text()).toContain('process_cpu_seconds_total')
})

test('span views can be omitted', () => {
  expect(create({ traces: { views: false } }).stats.viewManager.getAllViewData()).toEqual([])
})

test('configured integrations are active from start to shutdown', async () => {
  const spans = new MemoryExporter<SpanData>()
  const scope = create({ traces: { sampler: 'alwaysOn', exporters: [spans], integrations: ['requests'] }, prometheus: { port: 0 } })
  await scope.start()
  await (await fetch(scope.metricsUrl!)).text()
  await scope.shutdown()
  expect(spans.items.map(({ name }) => name)).toEqual(['GET'])
})
