import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { formatOpenMetrics } from '../../../src/exporters/prometheus/format/openmetrics-text.js'
import { textEncoder } from '../../../src/exporters/prometheus/format/text-encoder.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'
import { fromRegistry } from '../../../src/integrations/prom-client/from-registry.js'
import type { PromRegistry } from '../../../src/integrations/prom-client/registry-shape.js'
import { gather } from '../../../src/metrics/collection/gather.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { parseSamples, parseTypes } from './parse-samples.js'

/** Its types know the content type as an argument of the type only. */
const openMetricsRegistry = (): Registry => new (Registry as new (contentType: string) => Registry)(Registry.OPENMETRICS_CONTENT_TYPE)

/** One metric of every type, with and without labels. */
function fullRegistry(): Registry {
  const registry = new Registry()
  const registers = [registry]
  const labelNames = ['method', 'code']
  new Counter({ name: 'requests_total', help: 'Requests', labelNames, registers }).inc({ method: 'GET', code: 200 }, 3)
  new Counter({ name: 'plain', help: 'A counter without _total', registers }).inc(7)
  const depth = new Gauge({ name: 'queue_depth', help: 'Say "hi"\\\nand more', labelNames: ['queue'], registers })
  depth.set({ queue: 'a"b\\c\nd' }, -2.5)
  depth.set({ queue: 'nan' }, Number.NaN)
  depth.set({ queue: 'inf' }, Number.POSITIVE_INFINITY)
  const latency = new Histogram({ name: 'latency_seconds', help: 'Latency', labelNames: ['route'], buckets: [0.1, 0.5, 1], registers })
  for (const value of [0.05, 0.1, 0.7, 5]) latency.observe({ route: '/' }, value)
  latency.observe({ route: '/b' }, 0.2)
  new Histogram({ name: 'empty_seconds', help: 'Nothing', labelNames: ['a'], registers })
  const size = new Summary({ name: 'size_bytes', help: 'Sizes', labelNames: ['kind'], percentiles: [0.5, 0.9], registers })
  for (const value of [1, 2, 3]) size.observe({ kind: 'x' }, value)
  return registry
}

test('our text of a registry has the same samples and types as its own', async () => {
  const registry = fullRegistry()
  const ours = formatText(await fromRegistry(registry).getMetrics())
  const theirs = await registry.metrics()
  expect([...parseSamples(ours)].sort()).toEqual([...parseSamples(theirs)].sort())
  const { empty_seconds: _empty, ...types } = parseTypes(theirs)
  expect(parseTypes(ours)).toEqual(types)
})

test('default labels of the registry are on every series that does not set them', async () => {
  const registry = fullRegistry()
  registry.setDefaultLabels({ app: 'shop', method: 'default' })
  const ours = formatText(await fromRegistry(registry).getMetrics())
  expect([...parseSamples(ours)].sort()).toEqual([...parseSamples(await registry.metrics())].sort())
})

test('exemplars are kept', async () => {
  const registry = openMetricsRegistry()
  const latency = new Histogram({
    name: 'latency_seconds',
    help: 'Latency',
    buckets: [0.1],
    enableExemplars: true,
    registers: [registry],
  })
  latency.observe({ labels: {}, value: 0.05, exemplarLabels: { trace_id: 'abc' } })
  latency.observe({ labels: {}, value: 5, exemplarLabels: { trace_id: 'def' } })
  const requests = new Counter({ name: 'requests_total', help: 'Requests', enableExemplars: true, registers: [registry] })
  requests.inc({ labels: {}, value: 2, exemplarLabels: { trace_id: 'ghi' } })
  const exemplars = (text: string) =>
    Array.from(text.matchAll(/^(\S+) \S+ # (\{.*\}) (\S+)/gm), ([, series, labels, value]) => `${series} ${labels} ${Number(value)}`).sort()
  const ours = exemplars(formatOpenMetrics(await fromRegistry(registry).getMetrics()))
  expect(ours).toEqual(exemplars(await registry.metrics()))
  expect(ours).toHaveLength(3)
})

test('a collect function that throws, rejects or hangs omits only its own metric', async () => {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({ name: 'good', help: 'x', registers }).set(1)
  const faults: [string, () => void | Promise<void>][] = [
    [
      'throws',
      () => {
        throw new Error('planted')
      },
    ],
    ['rejects', () => Promise.reject(new Error('planted'))],
    ['hangs', () => new Promise(() => {})],
  ]
  for (const [name, collect] of faults) new Gauge({ name, help: 'x', registers, collect })
  const started = performance.now()
  const metrics = await fromRegistry(registry, { timeoutMs: 50 }).getMetrics()
  expect(metrics.map(({ descriptor }) => descriptor.name)).toEqual(['good'])
  expect(performance.now() - started).toBeLessThan(4_000)
})

test('a caller with a shorter time-out is answered earlier', async () => {
  const registry = new Registry()
  new Gauge({ name: 'hangs', help: 'x', registers: [registry], collect: () => new Promise(() => {}) })
  const started = performance.now()
  expect(await fromRegistry(registry).getMetrics({ timeoutMs: 50 })).toEqual([])
  expect(performance.now() - started).toBeLessThan(4_000)
})

test('an inconsistent histogram is omitted, the rest of its family is kept', async () => {
  const bucket = (le: string | number, value: number, kind: string) => ({ metricName: 'h_bucket', labels: { le, kind }, value })
  const broken = {
    name: 'h',
    get: () => ({
      name: 'h',
      help: 'h',
      type: 'histogram',
      values: [
        ...[
          bucket(1, 2, 'good'),
          bucket('+Inf', 3, 'good'),
          { metricName: 'h_sum', labels: { kind: 'good' }, value: 5 },
          { metricName: 'h_count', labels: { kind: 'good' }, value: 3 },
        ],
        ...[bucket(1, 5, 'bad'), bucket('+Inf', 3, 'bad'), { metricName: 'h_count', labels: { kind: 'bad' }, value: 3 }],
      ],
    }),
  }
  const registry = {
    registerMetric: () => {},
    removeSingleMetric: () => {},
    getSingleMetric: () => undefined,
    getMetricsAsArray: () => [broken],
  }
  const [metric] = (await fromRegistry(registry).getMetrics()) as [Metric]
  expect(metric.timeSeries.map(({ labelValues }) => labelValues)).toEqual([['good']])
})

/** A registry of one metric, as @prometheus-io/client 0.16 has it. */
function registryWith(name: string, type: string, values: object[]): PromRegistry {
  const metric = { name, get: () => Promise.resolve({ name, help: 'h', type, values }) }
  return {
    registerMetric: () => {},
    removeSingleMetric: () => {},
    getSingleMetric: (asked: string) => (asked === name ? metric : undefined),
    getMetricsAsArray: () => [metric],
  }
}

test('values without labels have none, as in the unlabelled summaries of @prometheus-io/client', async () => {
  const summary = registryWith('upload_bytes', 'summary', [
    { labels: { quantile: 0.5 }, value: 3 },
    { metricName: 'upload_bytes_sum', value: 3 },
    { metricName: 'upload_bytes_count', value: 1 },
  ])
  expect(formatText(await fromRegistry(summary).getMetrics())).toBe(
    [
      '# HELP upload_bytes h',
      '# TYPE upload_bytes summary',
      'upload_bytes{quantile="0.5"} 3',
      'upload_bytes_sum 3',
      'upload_bytes_count 1',
      '',
    ].join('\n'),
  )
  const gauge = registryWith('depth', 'gauge', [{ value: 3 }, { labels: undefined, value: 4 }])
  expect(formatText(await fromRegistry(gauge).getMetrics())).toContain('\ndepth 4\n')
})

test('label order makes no difference, and empty labels are absent', async () => {
  const gauge = registryWith('depth', 'gauge', [
    { labels: { a: '1', b: '2' }, value: 1 },
    { labels: { b: '2', a: '1' }, value: 2 },
    { labels: { a: '1', b: '' }, value: 3 },
    { labels: { a: '1' }, value: 4 },
    { labels: { c: '1' }, value: 5 },
  ])
  expect(
    formatText(await fromRegistry(gauge).getMetrics())
      .split('\n')
      .slice(2),
  ).toEqual(['depth{a="1",b="2"} 2', 'depth{a="1"} 4', 'depth{c="1"} 5', ''])
})

describe('two registries with a metric of one definition are one family', () => {
  const textOf = async (change: (registry: Registry, metric: Counter) => void, other: (registry: Registry, metric: Counter) => void) => {
    const registries = [change, other].map((fill) => {
      const registry = new Registry()
      fill(registry, new Counter({ name: 'jobs_total', help: 'j', labelNames: ['queue', 'kind'], registers: [registry] }))
      return fromRegistry(registry)
    })
    return formatText(await gather(registries))
      .split('\n')
      .filter((line) => line.startsWith('jobs_total'))
  }

  test('also if one of them has no value yet', async () => {
    expect(
      await textOf(
        () => {},
        (_, jobs) => jobs.inc({ queue: 'mail', kind: 'a' }),
      ),
    ).toEqual(['jobs_total{queue="mail",kind="a"} 1'])
  })

  test('also if one has only some of the labels, or has them in another order', async () => {
    expect(
      await textOf(
        (_, jobs) => jobs.inc({ queue: 'mail' }),
        (_, jobs) => jobs.inc({ kind: 'a', queue: 'print' }, 2),
      ),
    ).toEqual(['jobs_total{queue="mail"} 1', 'jobs_total{queue="print",kind="a"} 2'])
  })

  test('also with default labels of both', async () => {
    expect(
      await textOf(
        (registry, jobs) => {
          registry.setDefaultLabels({ tenant: 'a' })
          jobs.inc({ queue: 'mail' })
        },
        (registry, jobs) => {
          registry.setDefaultLabels({ tenant: 'b' })
          jobs.inc({ kind: 'x', queue: 'mail' })
        },
      ),
    ).toEqual(['jobs_total{queue="mail",tenant="a"} 1', 'jobs_total{queue="mail",kind="x",tenant="b"} 1'])
  })
})

test('the aggregator of a gauge is its merge rule in groups of processes', async () => {
  const registry = new Registry()
  const aggregators = ['sum', 'min', 'max', 'first', 'average', 'omit'] as const
  for (const aggregator of aggregators) new Gauge({ name: `of_${aggregator}`, help: 'x', aggregator, registers: [registry] }).set(1)
  const rules = (await fromRegistry(registry).getMetrics()).map(({ descriptor: { name, merge } }) => [name, merge])
  expect(Object.fromEntries(rules)).toEqual({
    of_sum: undefined,
    of_min: 'min',
    of_max: 'max',
    of_first: 'latest',
    of_average: 'each',
    of_omit: 'each',
  })
})

test('counters keep their registered names after the registry has written any format', async () => {
  const registry = openMetricsRegistry()
  const registers = [registry]
  new Gauge({ name: 'mails', help: 'now', registers }).set(2)
  new Counter({ name: 'mails_total', help: 'ever', registers }).inc(3)
  new Counter({ name: 'logins', help: 'l', registers }).inc(2)
  const names = async (): Promise<string[]> => (await fromRegistry(registry).getMetrics()).map(({ descriptor }) => descriptor.name)
  const before = await names()
  expect(before).toEqual(['mails', 'mails_total', 'logins'])
  await registry.metrics()
  expect(await names()).toEqual(before)
})

test('reading many series yields to the event loop', async () => {
  const values = Array.from({ length: 100_000 }, (_, at) => ({ labels: { at: String(at), kind: 'x' }, value: at }))
  let turns = 0
  const count = (): void => {
    turns++
    if (turns < 1_000) setImmediate(count)
  }
  setImmediate(count)
  const [metric] = await fromRegistry(registryWith('depth', 'gauge', values)).getMetrics()
  expect(metric!.timeSeries).toHaveLength(100_000)
  expect(turns).toBeGreaterThan(5)
  turns = 1_000
})

test.each([Number.POSITIVE_INFINITY, -1, Number.NaN, '5'])('a time-out of %s is refused', (timeoutMs) => {
  expect(() => fromRegistry(new Registry(), { timeoutMs: timeoutMs as number })).toThrow(
    expect.objectContaining({ code: 'ERR_GATHER_TIMEOUT' }),
  )
})

test('in the text format bounds and quantiles are written as prom-client does', async () => {
  const registry = new Registry()
  new Histogram({ name: 'size_bytes', help: 's', buckets: [0.00001, 0.5, 1, 1e6, 1e21], registers: [registry] }).observe(0.7)
  new Summary({ name: 'rate', help: 'r', percentiles: [0.00005, 1], registers: [registry] }).observe(3)
  const labels = (text: string): string[] => Array.from(text.matchAll(/(?:le|quantile)="[^"]*"/g), String)
  const theirs = labels(await registry.metrics())
  expect(labels(formatText(await fromRegistry(registry).getMetrics())).sort()).toEqual(theirs.sort())
  expect(theirs).toContain('le="1000000"')
  let streamed = ''
  for await (const chunk of textEncoder.encode([...(await fromRegistry(registry).getMetrics())])) streamed += Buffer.from(chunk).toString()
  expect(labels(streamed).sort()).toEqual(theirs.sort())
})
