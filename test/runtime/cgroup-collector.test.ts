import { expect, test } from 'vitest'
import { CgroupCollector } from '../../src/runtime/cgroup-collector.js'

/** What is shown where these files, and no others, are there. */
function check(files: Record<string, string>, expected: Record<string, number>): void {
  const collector = new CgroupCollector({ read: (path) => files[path], count: () => undefined })
  const found: Record<string, unknown> = {}
  collector.collect((name, value) => {
    found[name.replace('process_cgroup_', '')] = value
  })
  expect(found).toEqual(expected)
}

test('the limits of a container are read from the root of its cgroup', () => {
  check(
    {
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
      '/sys/fs/cgroup/memory.max': '536870912\n',
      '/sys/fs/cgroup/memory.current': '104857600\n',
      '/sys/fs/cgroup/cpu.max': '50000 100000\n',
      '/sys/fs/cgroup/cpu.stat': 'usage_usec 5\nnr_periods 9\nnr_throttled 3\nthrottled_usec 1500000\n',
    },
    {
      memory_limit_bytes: 536_870_912,
      memory_usage_bytes: 104_857_600,
      cpu_limit_cores: 0.5,
      cpu_throttled_seconds_total: 1.5,
      cpu_throttled_periods_total: 3,
    },
  )
})

test('the lowest limit on the way to the root applies', () => {
  check(
    {
      '/proc/self/cgroup': '0::/a/b\n',
      '/sys/fs/cgroup/cgroup.controllers': '',
      '/sys/fs/cgroup/a/cgroup.controllers': '',
      '/sys/fs/cgroup/a/memory.max': '100\n',
      '/sys/fs/cgroup/a/cpu.max': '200000 100000\n',
      '/sys/fs/cgroup/a/b/cgroup.controllers': '',
      '/sys/fs/cgroup/a/b/memory.max': '200\n',
      '/sys/fs/cgroup/a/b/memory.current': '50\n',
      '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
    },
    { memory_limit_bytes: 100, memory_usage_bytes: 50, cpu_limit_cores: 2 },
  )
})

test('a missing limit is not shown, and nothing is shown without cgroup v2', () => {
  check({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cgroup.controllers': '', '/sys/fs/cgroup/memory.max': 'max\n' }, {})
  check({ '/proc/self/cgroup': '4:memory:/x\n', '/sys/fs/cgroup/memory.max': '5' }, {})
  check({}, {})
})
