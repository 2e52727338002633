import { constants } from 'node:perf_hooks'
import { setTimeout as after } from 'node:timers/promises'
import * as promClient from 'prom-client'
import { afterEach, expect, test } from 'vitest'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import type { DistributionValue, Metric } from '../../src/metrics/data/metric.js'
import { GcCollector } from '../../src/runtime/gc-collector.js'
import { type RuntimeMetrics, type RuntimeMetricsOptions, runtimeMetrics } from '../../src/runtime/runtime-metrics.js'

const started: RuntimeMetrics[] = []
afterEach(() => {
  for (const runtime of started.splice(0)) runtime.stop()
})

function make(options: RuntimeMetricsOptions = {}): RuntimeMetrics {
  const runtime = runtimeMetrics(options)
  started.push(runtime)
  return runtime
}

const namesOf = (metrics: readonly Metric[]) => metrics.map(({ descriptor }) => descriptor.name)
const valueOf = (metrics: readonly Metric[], name: string) =>
  metrics.find(({ descriptor }) => descriptor.name === name)?.timeSeries[0]?.points[0]?.value

/** `# TYPE` lines and the label names of each family's samples. */
function shape(text: string): Map<string, string> {
  const families = new Map<string, string>()
  let family = ''
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)/.exec(line)
    if (type !== null) families.set((family = type[1]!), type[2]!)
    const sample = /^[a-zA-Z_:][\w:]*\{(.*)\} /.exec(line)
    if (sample !== null && !families.get(family)!.includes('{')) {
      const labels = Array.from(sample[1]!.matchAll(/(\w+)="/g), ([, label]) => label).sort()
      families.set(family, `${families.get(family)}{${labels.join(',')}}`)
    }
  }
  return families
}

test("names, types and labels are those of prom-client's default metrics", async () => {
  const registry = new promClient.Registry()
  promClient.collectDefaultMetrics({ register: registry })
  const runtime = make({ promClientNames: true })
  globalThis.gc!()
  await after(50)
  const theirs = shape(await registry.metrics())
  const ours = shape(formatText(runtime.getMetrics()))
  // Handles and requests are there only while there are some.
  for (const family of ['nodejs_active_handles', 'nodejs_active_requests', 'nodejs_active_resources']) {
    if (!theirs.get(family)!.includes('{')) ours.delete(family)
    if (!ours.has(family)) theirs.delete(family)
  }
  expect(Object.fromEntries([...theirs].map(([name]) => [name, ours.get(name)]))).toEqual(Object.fromEntries(theirs))
  expect([...ours.keys()].filter((name) => !theirs.has(name))).toEqual([
    'nodejs_eventloop_utilization_ratio',
    'nodejs_heap_size_limit_bytes',
    ...[...ours.keys()].filter((name) => name.startsWith('process_cgroup_')),
  ])
})

test('values equal those that prom-client reads', async () => {
  const registry = new promClient.Registry()
  promClient.collectDefaultMetrics({ register: registry })
  const runtime = make()
  const close: [name: string, tolerance: number][] = [
    ['process_start_time_seconds', 1],
    ['process_resident_memory_bytes', 50e6],
    ['process_virtual_memory_bytes', 500e6],
    ['process_open_fds', 10],
    ['process_max_fds', 0],
    ['nodejs_heap_size_total_bytes', 50e6],
    ['nodejs_heap_size_used_bytes', 50e6],
    ['nodejs_external_memory_bytes', 50e6],
  ]
  const ours = runtime.getMetrics()
  for (const [name, tolerance] of close) {
    const theirs = (await registry.getSingleMetric(name)!.get()).values[0]!.value
    expect(Math.abs((valueOf(ours, name) as number) - theirs), name).toBeLessThanOrEqual(tolerance)
  }
})

test('gauges named as totals are shown on request', () => {
  const totals = (options: RuntimeMetricsOptions) =>
    namesOf(make(options).getMetrics()).filter((name) => /^nodejs_active_.*_total$/.test(name))
  expect(totals({})).toEqual([])
  expect(totals({ promClientNames: true })).toHaveLength(3)
})

test('only the chosen metrics are shown, with the given prefix', () => {
  expect(namesOf(make({ only: ['process_cpu_seconds_total', 'nodejs_version_info'] }).getMetrics())).toEqual([
    'process_cpu_seconds_total',
    'nodejs_version_info',
  ])
  const some = namesOf(make({ except: ['process_open_fds'], prefix: 'shop_' }).getMetrics())
  expect(some).toContain('shop_process_max_fds')
  expect(some).not.toContain('shop_process_open_fds')
})

test('an unknown metric name is refused with a list of the known ones', () => {
  expect(() => runtimeMetrics({ only: ['process_cpu'] })).toThrow(
    expect.objectContaining({
      code: 'ERR_RUNTIME_METRIC',
      message: expect.stringMatching(/^there is no runtime metric "process_cpu" \(the names are process_cpu_user_seconds_total, /),
    }),
  )
})

test('options out of range are refused', () => {
  const faults: RuntimeMetricsOptions[] = [
    { eventLoopResolutionMs: 0 },
    { eventLoopWindowMs: Number.NaN },
    { gcDurationBuckets: [1, 1] },
    { gcDurationBuckets: [0] },
    { prefix: 'a-b' },
    { prefix: null as never },
    { gcDurationBuckets: 5 as never },
    { promClientNames: 'yes' as never },
  ]
  for (const options of faults) {
    expect(() => runtimeMetrics(options), JSON.stringify(options)).toThrow(expect.objectContaining({ code: 'ERR_RUNTIME_OPTION' }))
  }
})

test('after stop nothing is shown', () => {
  const runtime = make()
  runtime.stop()
  runtime.stop()
  expect(runtime.getMetrics()).toEqual([])
})

test('a failed reading omits only its own metrics and is counted', () => {
  const files = {
    read: () => {
      throw new Error('planted')
    },
    count: () => 3,
  }
  const names = namesOf(make({ files }).getMetrics())
  expect(names).toContain('nodejs_heap_size_used_bytes')
  expect(names).not.toContain('process_max_fds')
})

test('without /proc the resident memory is that of Node.js', () => {
  const metrics = make({ files: { read: () => undefined, count: () => undefined } }).getMetrics()
  expect(valueOf(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(1e7)
  expect(namesOf(metrics)).not.toContain('process_open_fds')
})

test('every collection in a list is counted by kind', () => {
  const gc = new GcCollector([0.001, 0.01])
  const kind = (of: number) => ({ kind: of })
  gc.add([
    { duration: 0.5, detail: kind(constants.NODE_PERFORMANCE_GC_MINOR) },
    { duration: 1, detail: kind(constants.NODE_PERFORMANCE_GC_MINOR) },
    { duration: 20, detail: kind(constants.NODE_PERFORMANCE_GC_MAJOR) },
    { duration: 1, detail: kind(99) },
  ])
  const found: Record<string, DistributionValue> = {}
  gc.collect((_name, value, labels) => {
    found[labels![0]!] = value as DistributionValue
  })
  expect(Object.keys(found)).toEqual(['minor', 'major', 'other'])
  expect(found['minor']).toMatchObject({ count: 2, sum: 0.0015, bucketCounts: [2, 0, 0], mean: 0.00075 })
  expect(found['major']!.bucketCounts).toEqual([0, 0, 1])
})

test('a garbage collection is shown', async () => {
  const runtime = make({ only: ['nodejs_gc_duration_seconds'] })
  globalThis.gc!()
  await after(10)
  const [metric] = runtime.getMetrics()
  expect(metric!.timeSeries.map(({ labelValues }) => labelValues[0])).toContain('major')
})

test('the bounds of garbage collections do not change with the list that was given', async () => {
  const bounds = [0.1, 1]
  const runtime = make({ only: ['nodejs_gc_duration_seconds'], gcDurationBuckets: bounds })
  bounds.push(5)
  globalThis.gc!()
  await after(10)
  const [metric] = runtime.getMetrics()
  expect(metric!.timeSeries[0]!.points[0]!.value).toMatchObject({ bounds: [0.1, 1] })
})

// Up to five tries: on a busy machine an idle loop is late too.
test('a block of 200 ms is seen, and an idle loop shows under 5 ms', { retry: 4 }, async () => {
  const runtime = make()
  await after(300)
  expect(valueOf(runtime.getMetrics(), 'nodejs_eventloop_lag_p50_seconds')).toBeLessThan(0.005)
  const until = performance.now() + 200
  while (performance.now() < until);
  await after(50)
  const lag = valueOf(runtime.getMetrics(), 'nodejs_eventloop_lag_max_seconds')
  expect(lag).toBeGreaterThan(0.17)
  expect(lag).toBeLessThan(0.6)
  expect(valueOf(runtime.getMetrics(), 'nodejs_eventloop_lag_max_seconds')).toBe(lag) // another reader takes nothing away
})
