import { expect, test, vi } from 'vitest'
import { runtimeMetrics } from '../../src/runtime/runtime-metrics.js'

vi.mock('node:perf_hooks', async (original) => ({
  ...(await original<object>()),
  monitorEventLoopDelay: () => {
    throw new Error('monitorEventLoopDelay is not available')
  },
}))

test('if the delay of the event loop cannot be observed, all other metrics are there', () => {
  const runtime = runtimeMetrics()
  const names = runtime.getMetrics().map(({ descriptor }) => descriptor.name)
  runtime.stop()
  expect(names.filter((name) => name.startsWith('nodejs_eventloop'))).toEqual([])
  expect(names).toEqual(expect.arrayContaining(['process_cpu_user_seconds_total', 'nodejs_heap_size_used_bytes', 'nodejs_version_info']))
})
