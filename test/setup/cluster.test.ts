import { afterEach, expect, test } from 'vitest'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { createTallyscope, type Tallyscope } from '../../src/setup/tallyscope.js'
import type { TallyscopeOptions } from '../../src/setup/tallyscope-options.js'
import { count } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'

const open: Tallyscope[] = []
afterEach(async () => {
  for (const scope of open.splice(0)) await scope.shutdown()
})

let groups = 0
function create(options: TallyscopeOptions): Tallyscope {
  const scope = createTallyscope({ env: {}, stats: new Stats(), ...options })
  open.push(scope)
  return scope
}

test('without cluster there is no group', () => {
  expect(create({}).group).toBeUndefined()
  expect(create({ cluster: false }).group).toBeUndefined()
  expect(create({ cluster: true, enabled: false }).group).toBeUndefined()
})

test('cluster serves and exports the metrics of the group with the configured labels, and leaves it at the end', async () => {
  const exporter = new MemoryExporter<Metric>()
  const scope = create({
    cluster: `setup ${process.pid} ${++groups}`,
    prometheus: { port: 0 },
    metrics: { exporters: [exporter], runtime: true },
    constantLabels: { app: 'shop' },
  })
  const jobs = scope.stats.measure('jobs', { view: count() })
  await expect(scope.group!.getFamilies()).rejects.toThrow(expect.objectContaining({ code: 'ERR_GROUP_INCOMPLETE' }) as Error)
  await scope.start()
  scope.stats.record(jobs, 1)
  scope.registry.counter('tasks').inc(2)
  const page = await (await fetch(scope.metricsUrl!)).text()
  expect(page).toContain('\njobs_total{app="shop"} 1\n')
  expect(page).toContain('\ntasks_total{app="shop"} 2\n')
  expect(page).toContain('\nprocess_start_time_seconds{app="shop"} ')
  expect(page.match(/^# HELP tallyscope_overflowed_records_total /gm)).toHaveLength(1)
  await scope.flush()
  const exported = exporter.items.find(({ descriptor }) => descriptor.name === 'tasks')!
  expect(exported.timeSeries[0]!.points[0]!.value).toBe(2)
  await scope.shutdown()
  await expect(scope.group!.getFamilies()).rejects.toThrow(expect.objectContaining({ code: 'ERR_GROUP_INCOMPLETE' }) as Error)
})

test('two Tallyscopes with one group name are one member, whose pages have the metrics of both', async () => {
  const cluster = `setup ${process.pid} ${++groups}`
  const [one, two] = [create({ cluster, prometheus: { port: 0 } }), create({ cluster })]
  await one.start()
  two.registry.counter('of/two').inc()
  await two.start()
  expect(await (await fetch(one.metricsUrl!)).text()).toContain('\nof_two_total 1\n')
})
