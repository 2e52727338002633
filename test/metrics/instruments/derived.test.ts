import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { registryOf, rowsOf } from './registry-fixture.js'
import { selfValue } from '../../exporters/self-value.js'

const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
afterEach(() => emitWarning.mockClear())
let names = 0

/** A registry with a derived gauge beside a plain one. */
function setUp(kind: 'derivedGauge' | 'derivedCumulative' = 'derivedGauge', type: 'double' | 'int64' = 'double') {
  const { registry, clock } = registryOf({ deriveTimeoutMs: 1_000 })
  const name = `derived${names++}`
  const derived = registry[kind](name, { labelKeys: ['a'], type })
  registry.gauge('beside').set(1)
  /** Gathers, moving the time on by so much while it waits. */
  const gather = async (waitMs = 0, timeoutMs?: number) => {
    const metrics = registry.getMetrics(timeoutMs === undefined ? undefined : { timeoutMs }) as Promise<readonly Metric[]>
    await clock.advanceAsync(waitMs)
    return metrics
  }
  const rows = async (waitMs = 0) => rowsOf(await gather(waitMs), name)
  return {
    registry,
    clock,
    name,
    derived,
    gather,
    rows,
    failures: (reason: string) => selfValue('tallyscope_derived_failures_total', name, reason),
  }
}

test.each([
  ['a function', false],
  ['an async function', true],
])('%s that gathers its own registry sees its last value', async (_, isAsync) => {
  const { registry, derived, rows } = setUp()
  let calls = 0
  const gatherOwn = (): unknown => {
    calls++
    return registry.getMetrics()
  }
  derived.observe(isAsync ? async () => ((await gatherOwn()) as Metric[]).length : () => (gatherOwn() === undefined ? 0 : 7), { a: 'x' })
  expect(await rows()).toEqual([isAsync ? 'x 1' : 'x 7'])
  expect(calls).toBe(1)
})

test('a gathering is a promise only while a function is async', () => {
  const { registry, derived } = setUp()
  derived.observe(() => 1, { a: 'x' })
  expect(Array.isArray(registry.getMetrics())).toBe(true)
  derived.observe(async () => 1, { a: 'y' })
  expect(registry.getMetrics()).toBeInstanceOf(Promise)
})

test('a gathering that must not wait has the newest values that are known', async () => {
  const { registry, derived, name, rows } = setUp()
  let value = 1
  derived.observe(() => value, { a: 'sync' })
  derived.observe(async () => value, { a: 'async' })
  await rows()
  value = 2
  expect(rowsOf(registry.getMetrics({ timeoutMs: 0 }) as readonly Metric[], name)).toEqual(['sync 2', 'async 1'])
})

test('the callback is called at each gathering, whether it is async or not', async () => {
  const { derived, rows } = setUp()
  let value = 5
  derived.observe(() => value, { a: 'now' })
  derived.observe(async () => value * 2, { a: 'soon' })
  expect(await rows()).toEqual(['now 5', 'soon 10'])
  value = 7
  expect(await rows()).toEqual(['now 7', 'soon 14'])
})

test('a later function for the same labels replaces the first', async () => {
  const { derived, rows } = setUp()
  const stopFirst = derived.observe(() => 1, { a: 1 })
  derived.observe(() => 2, { a: '1' })
  expect(await rows()).toEqual(['1 2'])
  stopFirst()
  expect(await rows()).toEqual(['1 2'])
})

test('a function replaces one whose labels are cut to the same series', async () => {
  const { registry, rows } = registryOf({ limits: { tagValueLength: 3 } })
  const derived = registry.derivedGauge('cut', { labelKeys: ['a'] })
  const stopFirst = derived.observe(() => 1, { a: 'abcd' })
  derived.observe(() => 2, { a: 'abce' })
  expect(rows('cut')).toEqual(['abc 2'])
  stopFirst()
  expect(rows('cut')).toEqual(['abc 2'])
  expect([derived.remove({ a: 'abcx' }), rows('cut')]).toEqual([true, []])
})

test('stop, remove and clear remove the series', async () => {
  const { derived, rows } = setUp()
  const stop = derived.observe(() => 1, { a: 'x' })
  derived.observe(() => 2, { a: 'y' })
  derived.observe(() => 3, { a: 'z' })
  expect(await rows()).toEqual(['x 1', 'y 2', 'z 3'])
  stop()
  stop()
  expect([derived.remove({ a: 'y' }), derived.remove({ a: 'y' }), await rows()]).toEqual([true, false, ['z 3']])
  derived.clear()
  expect(await rows()).toEqual([])
})

test('a callback that is not a function is refused', () => {
  const { derived, name } = setUp()
  expect(() => derived.observe(5 as unknown as () => number)).toThrow(
    expect.objectContaining({ code: 'ERR_OBSERVE', message: `observe takes a function: ${name} was given number` }),
  )
})

describe('a function that', () => {
  const never = new Promise<number>(() => {})
  const cases: [what: string, reason: string, answer: () => unknown, waitMs: number][] = [
    [
      'throws',
      'throw',
      () => {
        throw new Error('no')
      },
      0,
    ],
    [
      'throws what cannot be read',
      'throw',
      () => {
        throw {
          get message() {
            throw new Error('no')
          },
          toString() {
            throw new Error('no')
          },
        }
      },
      0,
    ],
    [
      'rejects',
      'reject',
      async () => {
        throw new Error('no')
      },
      0,
    ],
    ['rejects without a reason', 'reject', () => Promise.reject(undefined), 0],
    [
      'gives a thenable that throws',
      'reject',
      () => ({
        then: () => {
          throw new Error('no')
        },
      }),
      0,
    ],
    [
      'gives what throws when one looks for then',
      'throw',
      () => ({
        get then() {
          throw new Error('no')
        },
      }),
      0,
    ],
    ['hangs', 'timeout', () => never, 1_000],
    ['gives a thenable that never answers', 'timeout', () => ({ then: () => {} }), 1_000],
    ['gives NaN', 'nan', () => NaN, 0],
    ['gives NaN later', 'nan', async () => NaN, 0],
    ['gives a text', 'not a number', () => '5', 0],
    ['gives nothing', 'not a number', () => undefined, 0],
    ['gives null', 'not a number', () => null, 0],
    ['gives a fraction', 'fraction', () => 1.5, 0],
  ] // prettier-ignore

  test.each(cases)('%s affects only its own value, within the deadline, and is counted: %s', async (_what, reason, answer, waitMs) => {
    const { derived, gather, name, failures, clock } = setUp('derivedGauge', 'int64')
    let isBroken = false
    derived.observe((() => (isBroken ? answer() : 3)) as () => number, { a: 'x' })
    derived.observe(answer as () => number, { a: 'never good' })
    derived.observe(async () => 4, { a: 'fine' })
    isBroken = true
    const metrics = await gather(waitMs)
    expect([rowsOf(metrics, name), rowsOf(metrics, 'beside'), failures(reason)]).toEqual([['fine 4'], ['1'], 2])
    isBroken = false
    if (reason !== 'timeout') expect(rowsOf(await gather(), name)).toEqual(['fine 4', 'x 3'])
    isBroken = true
    if (reason !== 'timeout') expect(rowsOf(await gather(), name)).toEqual(['fine 4', 'x 3'])
    expect(clock.timers).toBe(0)
    expect(emitWarning).toHaveBeenCalledTimes(1)
    expect(emitWarning.mock.calls[0]).toEqual([
      expect.stringContaining(`the derived metric ${name} has no new value: `),
      { type: 'TallyscopeWarning', code: 'TALLYSCOPE_DERIVED_FAILED' },
    ])
  })

  test('is slow is shown if it returns before the deadline', async () => {
    const { derived, rows, clock, failures } = setUp()
    derived.observe(() => new Promise((resolve) => clock.setTimer(900, () => resolve(5))), { a: 'x' })
    expect([await rows(900), failures('timeout')]).toEqual([['x 5'], 0])
  })

  test('returns after the deadline is shown the next time, and is then called again', async () => {
    const { derived, rows, clock, failures } = setUp()
    const asked = vi.fn((): Promise<number> => new Promise((resolve) => clock.setTimer(1_500, () => resolve(asked.mock.calls.length))))
    derived.observe(asked, { a: 'x' })
    expect([await rows(1_000), failures('timeout')]).toEqual([[], 1])
    await clock.advanceAsync(600)
    expect(asked).toHaveBeenCalledTimes(1)
    expect([await rows(1_000), failures('timeout'), asked.mock.calls.length]).toEqual([['x 1'], 2, 2])
  })

  test('hangs is waited for once only, and counted each time', async () => {
    const { derived, gather, name, clock, failures } = setUp()
    const asked = vi.fn(() => never)
    derived.observe(asked, { a: 'x' })
    derived.observe(() => 1, { a: 'y' })
    await gather(1_000)
    const startMs = clock.monotonicMs()
    for (let n = 0; n < 3; n++) expect(rowsOf(await gather(), name)).toEqual(['y 1'])
    expect([clock.monotonicMs() - startMs, asked.mock.calls.length, failures('timeout')]).toEqual([0, 1, 4])
  })

  test('returns after its removal changes nothing', async () => {
    const { derived, rows, clock, registry, name } = setUp()
    derived.observe(() => new Promise((resolve) => clock.setTimer(1_500, () => resolve(5))), { a: 'x' })
    await rows(1_000)
    derived.clear()
    await clock.advanceAsync(1_000)
    expect(await rows()).toEqual([])
    expect(registry.unregister(name)).toBe(true)
  })

  test('observes more functions during its call does not make the gathering endless', async () => {
    const { derived, rows } = setUp()
    let made = 0
    const more = (): number => {
      derived.observe(more, { a: made++ })
      return 1
    }
    derived.observe(more, { a: 'first' })
    expect(await rows()).toEqual(['first 1'])
    expect(await rows()).toHaveLength(2)
  })
})

test('all functions are called at once, and two concurrent gatherings call them once', async () => {
  const { derived, gather, name, clock } = setUp()
  const asked = vi.fn((): Promise<number> => new Promise((resolve) => clock.setTimer(800, () => resolve(1))))
  for (let n = 0; n < 3; n++) derived.observe(asked, { a: n })
  const both = [gather(), gather(800)]
  expect((await Promise.all(both)).map((metrics) => rowsOf(metrics, name).length)).toEqual([3, 3])
  expect(asked).toHaveBeenCalledTimes(3)
})

test('a gathering that times out counts only the results that it has waited for', async () => {
  const { derived, name, clock, registry, failures } = setUp()
  const settle: ((value: number) => void)[] = []
  derived.observe(() => new Promise(() => {}), { a: 'hangs' })
  derived.observe(() => new Promise((resolve) => settle.push(resolve)), { a: 'works' })
  const first = registry.getMetrics()
  settle[0]!(1)
  await clock.advanceAsync(990)
  const second = registry.getMetrics()
  await clock.advanceAsync(10)
  expect([rowsOf(await first, name), failures('timeout')]).toEqual([['works 1'], 1])
  settle[1]!(2)
  await clock.advanceAsync(990)
  expect([rowsOf(await second, name), failures('timeout')]).toEqual([['works 2'], 1])
})

test('a caller with a shorter time-out is answered in time', async () => {
  const { derived, gather, clock } = setUp()
  derived.observe(() => new Promise(() => {}), { a: 'x' })
  const startMs = clock.monotonicMs()
  const metrics = await gather(400, 500)
  expect([clock.monotonicMs() - startMs, rowsOf(metrics, 'beside')]).toEqual([400, ['1']])
})

describe('a derived cumulative', () => {
  test('never decreases', async () => {
    const { derived, rows } = setUp('derivedCumulative')
    let value = 5
    derived.observe(() => value, { a: 'x' })
    const shown: string[] = []
    for (value of [5, 7, 3, 7.5]) shown.push(...(await rows()))
    expect(shown).toEqual(['x 5', 'x 7', 'x 7', 'x 7.5'])
  })

  test.each([
    ['negative', -1],
    ['infinite', Infinity],
    ['nan', NaN],
  ])('ignores %s', async (reason, value) => {
    const { derived, rows, failures } = setUp('derivedCumulative')
    derived.observe(() => value, { a: 'x' })
    expect([await rows(), failures(reason)]).toEqual([[], 1])
  })
})

test('a gauge may be infinite, and a BigInt is a number', async () => {
  const { derived, rows } = setUp()
  derived.observe(() => -Infinity, { a: 'x' })
  derived.observe((() => 7n) as unknown as () => number, { a: 'y' })
  expect(await rows()).toEqual(['x -Infinity', 'y 7'])
})

test('functions beyond the limit of series are not called, and are counted', async () => {
  const { registry } = registryOf()
  const derived = registry.derivedGauge('limited', { labelKeys: ['a'], rowLimit: 2 })
  const asked = vi.fn(() => 1)
  const stops = [1, 2, 3].map((a) => derived.observe(asked, { a }))
  expect(rowsOf((await registry.getMetrics()) as readonly Metric[], 'limited')).toEqual(['1 1', '2 1'])
  expect([asked.mock.calls.length, selfValue('tallyscope_derived_failures_total', 'limited', 'limit')]).toEqual([2, 1])
  for (const stop of stops) stop()
  derived.observe(asked, { a: 4 })
  expect(rowsOf((await registry.getMetrics()) as readonly Metric[], 'limited')).toEqual(['4 1'])
})

describe('a function that fails', () => {
  const ways: [way: string, fail: () => number | Promise<number>, waitMs: number][] = [
    [
      'throws',
      () => {
        throw new Error('planted')
      },
      0,
    ],
    [
      'rejects',
      async () => {
        throw new Error('planted')
      },
      0,
    ],
    ['is late', () => new Promise(() => {}), 1_000],
    ['returns NaN', () => Number.NaN, 0],
  ] // prettier-ignore

  test.each(ways)(
    '%s: its series keeps the last value, or is absent until it succeeds, according to whenFailed',
    async (_way, fail, waitMs) => {
      for (const whenFailed of [undefined, 'keep', 'absent'] as const) {
        const { registry, clock } = registryOf({ deriveTimeoutMs: 1_000 })
        const derived = registry.derivedGauge('depth', { labelKeys: ['queue'], ...(whenFailed && { whenFailed }) })
        let answer: () => number | Promise<number> = () => 3
        derived.observe(() => answer(), { queue: 'mail' })
        derived.observe(() => 7, { queue: 'print' })
        const rows = async (ms = 0) => {
          const metrics = registry.getMetrics() as Promise<readonly Metric[]>
          await clock.advanceAsync(ms)
          return rowsOf(await metrics, 'depth')
        }
        expect(await rows()).toEqual(['mail 3', 'print 7'])
        answer = fail
        expect(await rows(waitMs)).toEqual(whenFailed === 'absent' ? ['print 7'] : ['mail 3', 'print 7'])
        if (waitMs > 0) continue // it is not called again before it has answered
        answer = () => 4
        expect((await rows()).sort()).toEqual(['mail 4', 'print 7'])
      }
    },
  )

  test('whenFailed is keep or absent, and part of the definition', () => {
    const { registry } = registryOf()
    expect(() => registry.derivedGauge('a', { whenFailed: 'gone' as 'keep' })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    registry.derivedGauge('b', { whenFailed: 'absent' })
    expect(() => registry.derivedGauge('b')).toThrow(expect.objectContaining({ code: 'ERR_METRIC_CONFLICT' }))
  })
})
