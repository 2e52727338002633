import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client'
import { expect, test } from 'vitest'
import { formatOpenMetrics } from '../../../src/exporters/prometheus/format/openmetrics-text.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'
import { fromRegistry } from '../../../src/integrations/prom-client/from-registry.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { selfValue } from '../../exporters/self-value.js'
import { parseSamples } from './parse-samples.js'

/** Its types know the content type as an argument of the type only. */
const openMetricsRegistry = (): Registry => new (Registry as new (contentType: string) => Registry)(Registry.OPENMETRICS_CONTENT_TYPE)

/** Series of every type whose labels are empty and absent: one series to Prometheus, two to prom-client. */
async function emptyAndAbsent(name: string): Promise<readonly Metric[]> {
  const registry = openMetricsRegistry()
  const options = (type: string) => ({ name: `${name}_${type}`, help: name, labelNames: ['route'], registers: [registry] })
  const total = new Counter({ ...options('total'), enableExemplars: true })
  const wait = new Histogram({ ...options('c'), buckets: [1], enableExemplars: true })
  const [depth, size] = [new Gauge(options('b')), new Summary({ ...options('d'), percentiles: [0.5] })]
  for (const [labels, value] of [
    [{ route: '' }, 0.5],
    [{}, 2],
  ] as const) {
    total.inc({ labels, value, exemplarLabels: { trace_id: String(value) } })
    wait.observe({ labels, value, exemplarLabels: { trace_id: String(value) } })
    depth.set(labels, value)
    size.observe(labels, value)
  }
  return await fromRegistry(registry).getMetrics()
}

test('series whose labels are empty and absent are one: counters are added up, of gauges and quantiles the last is shown', async () => {
  expect([...parseSamples(formatText(await emptyAndAbsent('m')))].map(String)).toEqual([
    'm_b{},2',
    'm_c_bucket{le=1},1',
    'm_c_bucket{le=+Inf},2',
    'm_c_sum{},2.5',
    'm_c_count{},2',
    'm_d{quantile=0.5},2',
    'm_d_sum{},2.5',
    'm_d_count{},2',
    'm_total{},2.5',
  ])
})

test('exemplars of both are kept, the last for a counter', async () => {
  const exemplars = Array.from(formatOpenMetrics(await emptyAndAbsent('e')).matchAll(/^(\S+) .*trace_id="(.*)"/gm), ([, ...found]) =>
    found.join(' '),
  )
  expect(exemplars).toEqual(['e_c_bucket{le="1.0"} 0.5', 'e_c_bucket{le="+Inf"} 2', 'e_total 2'])
})

test('gauges and quantiles that are not shown are counted', async () => {
  await emptyAndAbsent('n')
  const duplicates = (metric: string): number => selfValue('tallyscope_prom_client_failures_total', metric, 'duplicate')
  expect(['n_total', 'n_c', 'n_b', 'n_d'].map(duplicates)).toEqual([0, 0, 1, 1])
})

test('a bound that a histogram has twice does not count twice', async () => {
  const registry = new Registry()
  new Histogram({ name: 'twice', help: 't', buckets: [1, 1, 2], registers: [registry] }).observe(0.5)
  expect(await fromRegistry(registry).getMetrics()).toMatchObject([{ timeSeries: [] }])
})

test('labels that are null and undefined stay two series, with the values that prom-client writes', async () => {
  const registry = new Registry()
  const labelNames = ['user']
  const missing = [{ user: null }, { user: undefined }] as unknown as { user: string }[]
  const logins = new Counter({ name: 'logins_total', help: 'l', labelNames, registers: [registry] })
  const wait = new Histogram({ name: 'wait_seconds', help: 'w', labelNames, buckets: [1], registers: [registry] })
  missing.forEach((labels, at) => {
    logins.inc(labels, at + 2)
    wait.observe(labels, at)
  })
  const ours = formatText(await fromRegistry(registry).getMetrics())
  expect([...parseSamples(ours)].sort()).toEqual([...parseSamples(await registry.metrics())].sort())
  expect(ours).toContain('logins_total{user="null"} 2')
})

test('a value that is not of the type is left out and counted, the others of its series are kept', async () => {
  const values = {
    odd_total: [{ value: 3 }, { value: 17e8, metricName: 'odd_created' }],
    odd_depth: [
      { value: 4, metricName: 'odd_depth' },
      { value: 9, metricName: 'odd_depth_max' },
    ],
    odd_size: [{ value: 5 }, { value: '6' }],
    odd_none: [{ value: 7n }],
  }
  const metrics = Object.entries(values).map(([name, each]) => ({
    name,
    get: () => ({ name, help: 'h', type: name === 'odd_total' ? 'counter' : 'gauge', values: each }),
  }))
  const registry = { registerMetric() {}, removeSingleMetric() {}, getSingleMetric: () => undefined, getMetricsAsArray: () => metrics }
  const samples = parseSamples(formatText(await fromRegistry(registry).getMetrics()))
  expect([...samples].map(String)).toEqual(['odd_depth{},4', 'odd_size{},5', 'odd_total{},3'])
  const counted = Object.keys(values).map((name) => selfValue('tallyscope_prom_client_failures_total', name, 'inconsistent'))
  expect(counted).toEqual([1, 1, 1, 1])
})
