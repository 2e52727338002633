import { expect, test, vi } from 'vitest'
import { judge } from '../../bench/check.js'
import { printVerdicts } from '../../bench/print.js'

const flat = (median: number) => ({ median, p25: median, p75: median })

const comparison = {
  suite: 'record',
  name: 'a record',
  unit: 'ns',
  ours: 'tallyscope',
  contenders: { tallyscope: flat(10), 'prom-client': flat(200) },
  ratios: { 'prom-client': flat(0.05) },
}

function printed(...thresholds: readonly object[]): string[] {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  printVerdicts(
    judge(
      [comparison],
      thresholds.map((threshold) => ({ comparison: 'a record', peer: 'prom-client', atMost: 1, ...threshold })),
    ),
  )
  const lines = log.mock.calls.flatMap(([text]) => String(text).split('\n'))
  log.mockRestore()
  return lines
}

test('promises that hold are only counted', () => {
  expect(printed({ atMost: 1 / 15 })).toEqual(['', '1 promises measured: 1 held, 0 within tolerance, 0 missed'])
})

test('a missed promise is printed with its figure', () => {
  expect(printed({ atMost: 1 / 25 }).at(-1)).toBe('  missed: a record ÷ prom-client: 1/20, at most 1/25')
  expect(printed({ atMost: 5, peer: undefined, unit: 'ns' }).at(-1)).toBe('  missed: a record: 10 ns, at most 5 ns')
})

test('an aim that is missed is printed although its promise holds', () => {
  const lines = printed({ atMost: 1 / 15, aim: 1 / 25 }, { atMost: 1 / 15, aim: 1 / 20 })
  expect(lines).toContain('2 of them aim lower: 1 aims missed (see bench/notes/profile.md)')
  expect(lines).toContain('  held: a record ÷ prom-client: 1/20, at most 1/15; aim 1/25 missed')
  expect(lines).toContain('  held: a record ÷ prom-client: 1/20, at most 1/15; aim 1/20 reached')
})
