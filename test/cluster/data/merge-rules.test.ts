import { expect, test, vi } from 'vitest'
import { runtimeMetrics } from '../../../src/runtime/runtime-metrics.js'
import { combination, matchesPattern } from '../../../src/cluster/data/merge-rules.js'

test.each([
  ['nodejs_heap', 'nodejs_*', true],
  ['nodejs_', 'nodejs_*', true],
  ['process_cpu', 'nodejs_*', false],
  ['anything', '*', true],
  ['a/b', 'a/b', true],
  ['a/bc', 'a/b', false],
  ['a_lag_p99', '*_lag_*', true],
  ['a_lag', '*_lag_*', false],
  ['aba', 'ab*ba', false],
  ['abba', 'ab*ba', true],
  ['a.b', 'a?b', false],
  ['xaybz', 'x*a*b*z', true],
  ['xbyaz', 'x*a*b*z', false],
])('%s and the pattern %s: %s', (name, pattern, matches) => {
  expect(matchesPattern(name, pattern)).toBe(matches)
})

test('runtime metrics whose sums have no meaning have other rules', async () => {
  const files = {
    read: (path: string) =>
      ({
        '/proc/self/cgroup': '0::/\n',
        '/sys/fs/cgroup/cgroup.controllers': 'cpu memory',
        '/sys/fs/cgroup/memory.max': '100',
        '/sys/fs/cgroup/memory.current': '50',
        '/sys/fs/cgroup/cpu.max': '200000 100000',
        '/sys/fs/cgroup/cpu.stat': 'throttled_usec 5\nnr_throttled 2',
      })[path],
    count: () => 4,
  }
  const runtime = runtimeMetrics({ files })
  const isShown = (name: string): boolean => runtime.getMetrics().some(({ descriptor }) => descriptor.name === name)
  await vi.waitFor(() => expect(isShown('nodejs_eventloop_lag_seconds')).toBe(true), 10_000) // its monitor has to tick
  const rules = runtime.getMetrics().map(({ descriptor }) => [descriptor.name, combination(descriptor)] as const)
  runtime.stop()
  expect(rules.length).toBeGreaterThan(20)
  expect(Object.fromEntries(rules.filter(([, rule]) => rule !== 'sum'))).toEqual({
    process_start_time_seconds: 'min',
    process_cgroup_memory_limit_bytes: 'max',
    process_cgroup_memory_usage_bytes: 'max',
    process_cgroup_cpu_limit_cores: 'max',
    process_cgroup_cpu_throttled_seconds_total: 'max',
    process_cgroup_cpu_throttled_periods_total: 'max',
    nodejs_eventloop_lag_seconds: 'max',
    nodejs_eventloop_lag_min_seconds: 'min',
    nodejs_eventloop_lag_max_seconds: 'max',
    nodejs_eventloop_lag_mean_seconds: 'max',
    nodejs_eventloop_lag_stddev_seconds: 'max',
    nodejs_eventloop_lag_p50_seconds: 'max',
    nodejs_eventloop_lag_p90_seconds: 'max',
    nodejs_eventloop_lag_p99_seconds: 'max',
    nodejs_eventloop_utilization_ratio: 'max',
    nodejs_version_info: 'max',
  })
})
