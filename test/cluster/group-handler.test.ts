import { expect, test } from 'vitest'
import { metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import { Stats } from '../../src/stats/stats.js'

const group: MetricProducer = { name: 'MetricGroup', isRequired: true, includesSelfMetrics: true, getMetrics: async () => [] }
const statusOf = async (options: Parameters<typeof metricsHandler>[0]): Promise<number> => (await metricsHandler(options)({})).status

test('a group needs no other producers, and includes the metrics of the library itself', async () => {
  const { status, body } = await metricsHandler({ group })({})
  expect([status, String(body)]).toEqual([200, ''])
})

test('a scrape fails if the metrics of a group cannot be gathered, even with other producers', async () => {
  const failing = { ...group, getMetrics: () => Promise.reject(new Error('its keeper is new')) }
  expect(await statusOf({ group: failing, producers: [new Stats()] })).toBe(503)
  expect(await statusOf({ producers: [failing, new Stats()] })).toBe(503)
  expect(await statusOf({ producers: [{ ...failing, isRequired: false }] })).toBe(200)
  expect(await statusOf({ group: failing, constantLabels: { app: 'shop' } })).toBe(503)
})

test('a handler without a group needs producers', () => {
  expect(() => metricsHandler({})).toThrow(expect.objectContaining({ code: 'ERR_PRODUCER' }) as Error)
})
