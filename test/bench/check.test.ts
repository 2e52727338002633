import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { best, judge } from '../../bench/check.js'
import { Bench } from '../../bench/harness.js'
import { SUITES, suitesFor } from '../../bench/suites.js'
import { THRESHOLDS } from '../../bench/thresholds.js'

const flat = (median: number, bytes?: number) => ({ median, p25: median, p75: median, ...(bytes !== undefined && { bytes }) })

const comparison = {
  suite: 'record',
  name: 'a',
  unit: 'ns',
  ours: 'tallyscope',
  contenders: { tallyscope: flat(10, 40.2), 'prom-client': flat(100, 200), "caller's object": flat(5, 40) },
  ratios: { 'prom-client': flat(0.1) },
}

const outcome = (threshold: object) => judge([comparison], [{ comparison: 'a', atMost: 1, ...threshold }])[0]!.outcome

test('a ratio at or under its promise holds, and up to a tenth above it is within tolerance', () => {
  expect(outcome({ peer: 'prom-client', atMost: 0.1 })).toBe('held')
  expect(outcome({ peer: 'prom-client', atMost: 0.0915 })).toBe('within tolerance')
  expect(outcome({ peer: 'prom-client', atMost: 0.09 })).toBe('missed')
})

test('without a peer our own figure is compared', () => {
  expect(outcome({ atMost: 10 })).toBe('held')
  expect(outcome({ atMost: 9 })).toBe('missed')
})

test("the bytes of the caller's own object are not counted", () => {
  expect(outcome({ what: 'bytes beyond', peer: "caller's object", atMost: 0.5 })).toBe('held')
  expect(outcome({ what: 'bytes beyond', atMost: 0.5 })).toBe('missed')
})

test('an aim is judged apart from its promise, and without tolerance', () => {
  const judged = (aim: number) => judge([comparison], [{ comparison: 'a', peer: 'prom-client', atMost: 0.2, aim }])[0]
  expect(judged(0.1)).toMatchObject({ outcome: 'held', aim: 'reached' })
  expect(judged(0.099)).toMatchObject({ outcome: 'held', aim: 'missed' })
  expect(judge([comparison], [{ comparison: 'a', peer: 'prom-client', atMost: 0.2 }])[0]).not.toHaveProperty('aim')
})

test('every aim is lower than its promise, and the notes say why it is not reached', () => {
  const notes = readFileSync(new URL('../../bench/notes/profile.md', import.meta.url), 'utf8')
  const aimed = THRESHOLDS.filter(({ aim }) => aim !== undefined)
  expect(aimed.filter(({ aim, atMost }) => aim! >= atMost)).toEqual([])
  expect(aimed.map(({ comparison: name }) => name).filter((name) => !notes.includes(name))).toEqual([])
})

test('a promise that was not measured is neither held nor missed', () => {
  expect(outcome({ comparison: 'b' })).toBe('not run')
  expect(outcome({ peer: 'OpenTelemetry' })).toBe('not run')
  expect(outcome({ what: 'bytes beyond', peer: 'floor' })).toBe('not run')
})

test('the better of two verdicts counts', () => {
  const [missed] = judge([comparison], [{ comparison: 'a', peer: 'prom-client', atMost: 0.01 }])
  const [held] = judge([comparison], [{ comparison: 'a', peer: 'prom-client', atMost: 0.1 }])
  expect(best([missed!], [held!])).toEqual([held])
  expect(best([held!], [missed!])).toEqual([held])
})

test('a filter that begins with the name of a suite selects that suite only', () => {
  expect(suitesFor('http: /metrics').map(({ name }) => name)).toEqual(['http'])
  expect(suitesFor('bound')).toBe(SUITES)
})

test('every promise refers to a comparison of the bench', async () => {
  const names = new Map<string, string[]>()
  for (const { name: suite, load } of SUITES) {
    const { run } = await load()
    const listed: string[] = []
    await run(new Bench({ suite, mode: 'check', list: (name) => void listed.push(name) }))
    names.set(suite, listed)
  }
  const all = [...names.values()].flat()
  expect(THRESHOLDS.map(({ comparison: name }) => name).filter((name) => !all.includes(name))).toEqual([])
  expect([...names].filter(([, listed]) => listed.length === 0)).toEqual([])
  expect(new Set(all).size).toBe(all.length)
}, 60_000)
