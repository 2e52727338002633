import Fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import type { MetricGroup } from '../../../src/cluster/metric-group.js'
import { shareMetrics } from '../../../src/cluster/share-metrics.js'
import { tallyscopeFastify } from '../../../src/integrations/fastify/plugin.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { Stats } from '../../../src/stats/stats.js'

const groups: MetricGroup[] = []
afterEach(async () => {
  for (const group of groups.splice(0)) await group.leave()
})

test('with a group the route serves the metrics of the group, which include those of the plugin', async () => {
  const group = shareMetrics({ name: `fastify ${process.pid}` })
  groups.push(group)
  const extra = new MetricRegistry()
  extra.counter('extra').inc(3)
  const app = Fastify()
  await app.register(tallyscopeFastify, { stats: new Stats(), group, producers: [extra] })
  app.get('/hello', () => 'hello')
  await app.inject('/hello')
  const { statusCode, body } = await app.inject('/metrics')
  expect(statusCode).toBe(200)
  expect(body).toMatch(/^http_server_duration\w*_count\{.*route="\/hello".*\} 1$/m)
  expect(body).toMatch(/^http_server_in_flight/m)
  expect(body).toContain('\nextra_total 3\n')
  expect(body.match(/^# HELP tallyscope_overflowed_records_total /gm)).toHaveLength(1)
  await group.leave()
  expect((await app.inject('/metrics')).statusCode).toBe(503)
  await app.close()
})
