import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { gatherFamilies } from '../../../src/metrics/collection/gather.js'
import type { Family } from '../../../src/metrics/data/row-source.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { sum } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { receiver } from '../sending/receiver.js'
import { selfValue } from '../self-value.js'
import { decodeBody, type Plain } from './read-otlp.js'

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

/** The metrics as they stand in the requests, nothing put together. */
async function sent(families: readonly Family[], exports = 1, options: object = {}): Promise<Plain[][]> {
  const { url, requests } = await receiver()
  const exporter = new OtlpMetricExporter({ endpoint: url, ...options })
  for (let i = 0; i < exports; i++) {
    const context = { timeUnixMs: Date.now() + i, timeoutMs: 5_000, signal: new AbortController().signal, isLast: false }
    await exporter.exportFamilies(families, context)
  }
  await exporter.shutdown()
  return requests.map(({ body }) => decodeBody(body, 'ExportMetricsServiceRequest')['resourceMetrics'].flatMap(metricsOfResource))
}

const metricsOfResource = ({ scopeMetrics }: Plain): Plain[] => scopeMetrics.flatMap(({ metrics }: Plain) => metrics)
const points = (one: Plain): unknown[] =>
  (one['sum'] ?? one['gauge']).dataPoints.map(({ attributes = [], asDouble, asInt }: Plain) => [
    Object.fromEntries(attributes.map(({ key, value }: Plain) => [key, value.stringValue])),
    asDouble ?? Number(asInt),
  ])
const dropped = (reason: string) => selfValue('tallyscope_exporter_dropped_items_total', 'OtlpMetricExporter', reason)
const families = (...producers: MetricProducer[]) => gatherFamilies(producers)

/** A registry with one counter. */
function counting(rows: Readonly<Record<string, number>>, { name = 'jobs', unit = '1' } = {}): MetricRegistry {
  const registry = new MetricRegistry()
  const counter = registry.counter(name, { unit, labelKeys: ['queue'] })
  for (const [queue, value] of Object.entries(rows)) counter.inc(value, { queue })
  return registry
}

test('families of the same name and definition become one metric, whichever producers they come from', async () => {
  const stats = new Stats()
  const jobs = stats.measure('jobs', { tagKeys: ['queue'] })
  stats.viewManager.registerView({ name: 'jobs', measure: jobs, tagKeys: ['queue'], aggregation: sum() })
  stats.record(jobs, 3, { queue: 'c' })
  const [metrics] = await sent(await families(counting({ a: 1 }), counting({ z: 9 }, { name: 'other' }), stats, counting({ b: 2 })))
  expect(metrics!.map(({ name }) => name)).toEqual(['jobs', 'other'])
  expect(points(metrics![0]!)).toEqual([
    [{ queue: 'a' }, 1],
    [{ queue: 'c' }, 3],
    [{ queue: 'b' }, 2],
  ])
})

test('of series with the same labels only the first is sent, and the others are counted and logged once', async () => {
  const before = dropped('duplicate')
  const [first, second] = await sent(await families(counting({ a: 1, b: 2 }), counting({ b: 20, c: 30 })), 2)
  for (const metrics of [first!, second!]) {
    expect(metrics).toHaveLength(1)
    expect(points(metrics[0]!)).toEqual([
      [{ queue: 'a' }, 1],
      [{ queue: 'b' }, 2],
      [{ queue: 'c' }, 30],
    ])
  }
  expect(dropped('duplicate') - before).toBe(2)
  expect(vi.mocked(process.emitWarning)).toHaveBeenCalledTimes(1)
})

test('labels in another order, and empty labels, do not change the identity', async () => {
  const one = metric({ name: 'a', type: 'GAUGE_DOUBLE', labelKeys: ['x', 'y'] }, [['1', '2'], 1], [['3', ''], 2])
  const other = metric(
    { name: 'a', type: 'GAUGE_INT64', labelKeys: ['y', 'x', 'z'] },
    [['2', '1', undefined], 3],
    [['1', '2', undefined], 4],
  )
  const [metrics] = await sent([one, other])
  expect(points(metrics![0]!)).toEqual([
    [{ x: '1', y: '2' }, 1],
    [{ x: '3' }, 2],
    [{ x: '2', y: '1' }, 4],
  ])
})

test('of families with different definitions only the first is sent, and the others are counted and logged', async () => {
  const before = dropped('name_clash')
  const gauge = metric({ name: 'works', type: 'GAUGE_DOUBLE', unit: 's' }, [[], 5])
  const [metrics] = await sent(
    await families(counting({ a: 1 }, { name: 'works', unit: 's' }), counting({ b: 2, c: 3 }, { name: 'works', unit: 'ms' }), {
      getMetrics: () => [gauge],
    }),
  )
  expect(metrics!.map((one) => [one['name'], one['unit'], points(one)])).toEqual([['works', 's', [[{ queue: 'a' }, 1]]]])
  expect(dropped('name_clash') - before).toBe(3)
  expect(vi.mocked(process.emitWarning).mock.calls.map(([text]) => text)).toEqual([
    'works is left out of OTLP exports: it is CUMULATIVE_DOUBLE in ms, but another producer defines it as CUMULATIVE_DOUBLE in s',
  ])
})

test('families of different resources are different metrics', async () => {
  const of = (resource: Record<string, string>, value: number) => ({
    ...metric({ name: 'a', type: 'GAUGE_DOUBLE' }, [[], value]),
    resource,
  })
  const requests = await sent([of({ host: 'x' }, 1), of({ host: 'y' }, 2)])
  expect(requests.flat().map(points)).toEqual([[[{}, 1]], [[{}, 2]]])
})

test('a family whose resource is that of the exporter is part of the same metric as one without a resource', async () => {
  const { url, requests } = await receiver()
  const labels = { host: 'x', 'service.instance.id': 'a' }
  const exporter = new OtlpMetricExporter({ endpoint: url, resource: { labels } })
  const gauge = metric({ name: 'a', type: 'GAUGE_DOUBLE' }, [[], 1])
  await exporter.export([gauge, { ...gauge, resource: { host: 'x' } }])
  await exporter.shutdown()
  expect(requests.flatMap(({ body }) => decodeBody(body, 'ExportMetricsServiceRequest')['resourceMetrics'])).toHaveLength(1)
})

test('labels of a resource that are empty or undefined leave the defaults as they are', async () => {
  const { url, requests } = await receiver()
  const exporter = new OtlpMetricExporter({ endpoint: url, resource: { labels: { 'service.name': undefined as never, host: '' } } })
  const gauge = metric({ name: 'a', type: 'GAUGE_DOUBLE' }, [[], 1])
  await exporter.export([{ ...gauge, resource: { 'service.instance.id': '' } }])
  await exporter.shutdown()
  const [{ resource }] = decodeBody(requests[0]!.body, 'ExportMetricsServiceRequest')['resourceMetrics']
  const attributes = Object.fromEntries(resource.attributes.map(({ key, value }: Plain) => [key, value.stringValue]))
  expect(attributes).toMatchObject({
    'service.name': 'unknown_service:node',
    'service.instance.id': expect.stringMatching(/^[\da-f-]{36}$/),
  })
  expect(attributes).not.toHaveProperty('host')
})

test('deltas of both families are sent', async () => {
  const [a, b] = [counting({ a: 1 }), counting({ b: 2 })]
  const { url, requests } = await receiver()
  const exporter = new OtlpMetricExporter({ endpoint: url, temporality: 'delta' })
  const run = async (i: number) => {
    const context = { timeUnixMs: Date.now() + i, timeoutMs: 5_000, signal: new AbortController().signal, isLast: false }
    await exporter.exportFamilies(await families(a, b), context)
  }
  await run(0)
  a.counter('jobs', { unit: '1', labelKeys: ['queue'] }).inc(10, { queue: 'a' })
  b.counter('jobs', { unit: '1', labelKeys: ['queue'] }).inc(20, { queue: 'b' })
  await run(1)
  await exporter.shutdown()
  const second = decodeBody(requests[1]!.body, 'ExportMetricsServiceRequest')['resourceMetrics'].flatMap(metricsOfResource)
  expect(second).toHaveLength(1)
  expect(points(second[0]!)).toEqual([
    [{ queue: 'a' }, 10],
    [{ queue: 'b' }, 20],
  ])
})
