import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { build } from '../exporters/child-program.js'
import { Prometheus } from './prometheus.js'
import { describeWith, RunningProgram } from './real-program.js'

/** What the panels of public dashboards for Node.js ask, one query a panel, without their variables. */
const QUERIES = [
  'process_cpu_seconds_total',
  'rate(process_cpu_seconds_total[1m]) * 100',
  'rate(process_cpu_user_seconds_total[1m]) * 100',
  'rate(process_cpu_system_seconds_total[1m]) * 100',
  'sum(rate(process_cpu_user_seconds_total[1m]) + rate(process_cpu_system_seconds_total[1m])) by (instance)',
  'process_start_time_seconds',
  'time() - process_start_time_seconds',
  'sum(changes(process_start_time_seconds[1m])) by (instance)',
  'process_resident_memory_bytes',
  'avg(process_resident_memory_bytes) by (instance)',
  'process_virtual_memory_bytes',
  'process_heap_bytes',
  'process_open_fds',
  'process_max_fds',
  'process_open_fds / process_max_fds',
  'nodejs_eventloop_lag_seconds',
  'avg(nodejs_eventloop_lag_seconds) by (instance)',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'sum(nodejs_active_handles_total) by (instance)',
  'sum(nodejs_active_requests_total) by (instance)',
  'max_over_time(nodejs_active_handles_total[1m])',
  'max_over_time(nodejs_active_requests_total[1m])',
  'nodejs_external_memory_bytes',
  'avg(nodejs_external_memory_bytes) by (instance)',
  'nodejs_heap_size_total_bytes',
  'nodejs_heap_size_used_bytes',
  'nodejs_heap_size_used_bytes / nodejs_heap_size_total_bytes',
  'avg(nodejs_heap_size_used_bytes) by (instance)',
  'avg(nodejs_heap_size_total_bytes) by (instance)',
  'nodejs_heap_space_size_total_bytes',
  'nodejs_heap_space_size_used_bytes',
  'nodejs_heap_space_size_available_bytes',
  'nodejs_heap_space_size_used_bytes{space="new"}',
  'nodejs_heap_space_size_used_bytes{space="old"}',
  'nodejs_heap_space_size_total_bytes{space="large_object"}',
  'sum(nodejs_heap_space_size_available_bytes) by (space)',
  'nodejs_version_info',
  'sum(nodejs_version_info) by (instance, version)',
  'nodejs_gc_duration_seconds_sum',
  'sum(rate(nodejs_gc_duration_seconds_sum[1m])) by (instance, kind)',
  'nodejs_heap_used_bytes',
  'sum(rate(http_request_duration_seconds_count[1m])) by (route)',
  'sum(http_request_duration_seconds_count) by (route)',
  'histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket[1m])) by (le, route))',
  'histogram_quantile(0.99, sum(rate(http_request_duration_seconds_bucket[1m])) by (le))',
  'sum(rate(http_request_duration_seconds_bucket{le="0.05"}[1m])) by (route)',
  'topk(3, sum(http_request_duration_seconds_count) by (route))',
]

const NO_LIBRARY_HAS = ['nodejs_heap_used_bytes']
const HANDLES = QUERIES.filter((query) => /nodejs_active_(handles|requests)_total/.test(query))
const HTTP = QUERIES.filter((query) => query.includes('http_request_duration_seconds'))

/** Queries without data, by how the metrics of an application come about. */
const SETTINGS = [
  { name: 'in code, with defaults', env: { SETTING: 'code' }, auto: false, missing: [...HANDLES, ...NO_LIBRARY_HAS, ...HTTP] },
  { name: 'under auto, with defaults', env: {}, auto: true, missing: QUERIES },
  {
    name: 'under auto, with TALLYSCOPE_METRICS_RUNTIME=true',
    env: { TALLYSCOPE_METRICS_RUNTIME: 'true' },
    auto: true,
    missing: [...HANDLES, ...NO_LIBRARY_HAS, ...HTTP],
  },
  {
    name: 'under auto, with TALLYSCOPE_METRICS_PROM_CLIENT_NAMES=true',
    env: { TALLYSCOPE_METRICS_PROM_CLIENT_NAMES: 'true' },
    auto: true,
    missing: NO_LIBRARY_HAS,
  },
]

describeWith(['prometheus'], 'queries of public dashboards, from a real Prometheus', () => {
  const programs: RunningProgram[] = []
  const hosts: string[] = []
  let prometheus: Prometheus

  beforeAll(async () => {
    await build()
    for (const { env, auto } of SETTINGS) {
      const program = join(import.meta.dirname, 'programs/dashboard-app.mjs')
      const args = ['--expose-gc', ...(auto ? ['--import', 'tallyscope/auto'] : []), program]
      const running = new RunningProgram(process.execPath, args, { cwd: join(import.meta.dirname, '../..'), env })
      programs.push(running)
      const url = await running.until('its URL', () => /^http:\S+\/metrics$/m.exec(running.output)?.[0])
      hosts.push(new URL(url).host)
    }
    prometheus = await Prometheus.start(hosts.map((host) => new URL(`http://${host}/metrics`)))
    await prometheus.until(`count(sum_over_time(up[1m]) >= 4) == ${SETTINGS.length}`)
  }, 240_000)

  afterAll(async () => {
    await prometheus?.stop()
    for (const program of programs) await program.stop('SIGKILL')
  })

  test.each(SETTINGS.map((setting, at) => ({ ...setting, at })))('$name', async ({ missing, at }) => {
    const without: string[] = []
    for (const query of QUERIES) {
      const scoped = query.replace(/((?:process|nodejs|http)_\w+)(\{)?/g, (_, name: string, brace: string | undefined) =>
        brace === undefined ? `${name}{instance="${hosts[at]}"}` : `${name}{instance="${hosts[at]}",`,
      )
      const samples = await prometheus.query(scoped)
      if (samples.length === 0) without.push(query)
    }
    expect(without.sort()).toEqual([...missing].sort())
  })

  test('the dashboards have the documented numbers', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/dashboards.md'), 'utf8')
    for (const { name, missing } of SETTINGS) {
      expect(text).toContain(`${QUERIES.length - missing.length} of ${QUERIES.length}`)
      expect(text).toContain(name.split('with ').at(-1)!)
    }
  })
})
