import { expect, test } from 'vitest'
import { judge } from '../../bench/check.js'
import { performancePage } from '../../bench/docs-page.js'

const flat = (median: number, bytes?: number) => ({ median, p25: median, p75: median, ...(bytes !== undefined && { bytes }) })

const comparison = {
  suite: 'record',
  name: 'a record',
  unit: 'ns',
  ours: 'tallyscope',
  contenders: { tallyscope: flat(10, 40.2), 'prom-client': flat(200, 200), "caller's object": flat(5, 40) },
  ratios: { 'prom-client': flat(0.05) },
}

function rowOf(threshold: object): string | undefined {
  const verdicts = judge([comparison], [{ comparison: 'a record', atMost: 1, ...threshold }])
  const machine = { cpu: 'a CPU', cores: 2, memoryGiB: 24, system: 'Linux', node: 'v20.20.2', mode: 'check', command: 'npm run bench' }
  const page = performancePage([{ ...machine, date: '2026-01-01T00:00:00Z', versions: {}, comparisons: [comparison], verdicts }])
  return page.split('\n').find((line) => line.startsWith('| a record'))
}

test('a promise is shown with the figure that was measured', () => {
  expect(rowOf({ peer: 'prom-client', atMost: 1 / 15 })).toBe('| a record | prom-client |  | 1/15 | 1/20 | held |')
  expect(rowOf({ unit: 'ms', atMost: 5 })).toBe('| a record | – |  | 5 ms | 10 ms | missed |')
  expect(rowOf({ what: 'bytes beyond', peer: "caller's object", atMost: 0.5 })).toBe(
    "| a record | bytes beyond the caller's own |  | 0 B | 0.2 B | held |",
  )
})

test('an aim is shown beside its promise, and whether it is reached', () => {
  expect(rowOf({ peer: 'prom-client', atMost: 1 / 15, aim: 1 / 25 })).toBe(
    '| a record | prom-client | 1/25 | 1/15 | 1/20 | held; aim missed |',
  )
  expect(rowOf({ peer: 'prom-client', atMost: 1 / 15, aim: 1 / 20 })).toContain('held; aim reached')
})
