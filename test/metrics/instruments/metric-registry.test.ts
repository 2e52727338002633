import { describe, expect, test, vi } from 'vitest'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { isRowSource } from '../../../src/metrics/data/row-source.js'
import { selfValue } from '../../exporters/self-value.js'
import { dropped, registryOf } from './registry-fixture.js'

const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
type Definition = (registry: MetricRegistry, options: object) => object

/** Every kind, in the same words. */
const KINDS: Record<string, Definition> = {
  gauge: (registry, options) => registry.gauge('m', options),
  cumulative: (registry, options) => registry.cumulative('m', options),
  derivedGauge: (registry, options) => registry.derivedGauge('m', options),
  derivedCumulative: (registry, options) => registry.derivedCumulative('m', options),
  info: (registry, options) => registry.info('m', { labelKeys: [], ...options }),
  stateSet: (registry, options) => registry.stateSet('m', { states: ['a'], ...options }),
}

describe.each(Object.entries(KINDS))('%s', (kind, define) => {
  test('an equal definition returns the same metric', () => {
    const { registry } = registryOf()
    const options = { labelKeys: ['a'], constantLabels: { c: '1', b: '2' } }
    expect(define(registry, options)).toBe(define(registry, { labelKeys: ['a'], constantLabels: { b: '2', c: '1' } }))
  })

  test('the order of label keys does not make another definition', () => {
    const { registry } = registryOf()
    expect(define(registry, { labelKeys: ['a', 'b'] })).toBe(define(registry, { labelKeys: ['b', 'a'] }))
  })

  test('another description is logged once, and the first is kept', () => {
    const { registry } = registryOf()
    const first = define(registry, { description: `one ${kind}` })
    emitWarning.mockClear()
    for (let n = 0; n < 2; n++) expect(define(registry, { description: 'two' })).toBe(first)
    expect(emitWarning.mock.calls.length).toBeLessThanOrEqual(1) // once a subject and process
  })

  test.each([
    ['keys', { labelKeys: ['b'] }],
    ['constant labels', { constantLabels: { a: '1' } }],
    ...(kind === 'info' || kind === 'stateSet'
      ? []
      : ([
          ['unit', { unit: 's' }],
          ['type', { type: 'int64' }],
          ['limit', { rowLimit: 5 }],
          ['name', { exactName: true }],
        ] as [string, object][])),
  ])('another definition is refused, and the first stays: other %s', (_what, options) => {
    const { registry } = registryOf()
    const first = define(registry, {})
    expect(() => define(registry, options)).toThrow(expect.objectContaining({ name: 'DefinitionError', code: 'ERR_METRIC_CONFLICT' }))
    expect(define(registry, {})).toBe(first)
  }) // prettier-ignore

  test('another kind is refused', () => {
    const { registry } = registryOf()
    define(registry, {})
    for (const [other, defineOther] of Object.entries(KINDS)) {
      if (other !== kind) expect(() => defineOther(registry, {})).toThrow(expect.objectContaining({ code: 'ERR_METRIC_CONFLICT' }))
    }
  })

  test.each<[string, object]>([
    ['ERR_KEYS', { labelKeys: [''] }],
    ['ERR_KEYS', { labelKeys: [1n] }],
    ['ERR_KEYS', { labelKeys: 'ab' }],
    ['ERR_KEYS', { constantLabels: { é: 'x' } }],
    ['ERR_KEYS', { labelKeys: ['a'], constantLabels: { a: 'x' } }],
    ['ERR_LABEL_RESERVED', { labelKeys: ['le'] }],
    ['ERR_LABEL_RESERVED', { constantLabels: { __x: 'x' } }],
    ['ERR_LABEL_CLASH', { labelKeys: ['a.b'], constantLabels: { a_b: 'x' } }],
    ['ERR_UNIT', { unit: '' }],
    ['ERR_OPTION', { type: 'float' }],
    ['ERR_OPTION', { rowLimit: 0 }],
    ['ERR_OPTION', { exactName: 'yes' }],
    ['ERR_OPTION', { description: null }],
    ['ERR_OPTION', { description: 5 }],
    ['ERR_OPTION', { constantLabels: { a: undefined } }],
    ['ERR_OPTION', { constantLabels: { a: {} } }],
    ['ERR_OPTION', { constantLabels: null }],
  ])('%s: %o', (code, options) => {
    const { registry } = registryOf()
    expect(() => define(registry, options)).toThrow(expect.objectContaining({ name: 'DefinitionError', code }))
    expect(define(registry, {})).toBe(define(registry, {})) // the name is free
  })

  test('a removed metric is gone; its handle is harmless, and the name is available', () => {
    const { registry } = registryOf()
    const first = define(registry, {})
    expect([registry.unregister('m'), registry.unregister('m')]).toEqual([true, false])
    expect(define(registry, { labelKeys: ['a'] })).not.toBe(first)
  })
})

test.each(Object.entries(KINDS).filter(([kind]) => kind !== 'stateSet'))('%s has no states', (_kind, define) => {
  expect(() => define(registryOf().registry, { states: ['a'] })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
})

test('a gauge with the default rule to merge it is the same as one without a rule', () => {
  const { registry } = registryOf()
  expect(registry.gauge('m', { merge: 'sum' })).toBe(registry.gauge('m'))
  expect(() => registry.gauge('m', { merge: 'max' })).toThrow(expect.objectContaining({ code: 'ERR_METRIC_CONFLICT' }))
})

test('an instrument without label keys drops a value whose labels cannot be read', () => {
  const { registry, rows } = registryOf()
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  registry.gauge('unreadable').set(1, proxy as never)
  registry.counter('unreadable/count').inc(1, proxy as never)
  registry.histogram('unreadable/size').observe(1, proxy as never)
  expect([rows('unreadable'), rows('unreadable/count')]).toEqual([[], ['0']])
  expect(['', '/count', '/size'].map((name) => dropped(`unreadable${name}`, 'labels'))).toEqual([1, 1, 1])
})

test('names with the same exposed name are refused', () => {
  const { registry } = registryOf()
  registry.cumulative('jobs')
  expect(() => registry.gauge('jobs_total')).toThrow(expect.objectContaining({ code: 'ERR_NAME_CLASH' }))
  registry.unregister('jobs')
  expect(registry.gauge('jobs_total')).toBeDefined()
})

test('the number of metrics is limited', () => {
  const { registry } = registryOf({ limits: { definitions: 2 } })
  registry.gauge('a')
  registry.gauge('b')
  expect(() => registry.gauge('c')).toThrow(expect.objectContaining({ code: 'ERR_METRIC_LIMIT' }))
  registry.unregister('a')
  expect(registry.gauge('c')).toBe(registry.gauge('c'))
})

test('values for handles of removed metrics are not reported as overflow', () => {
  const { registry } = registryOf()
  const old = registry.counter('removed/jobs', { labelKeys: ['queue'] })
  registry.unregister('removed/jobs')
  emitWarning.mockClear()
  for (const queue of ['a', 'b']) old.inc({ queue })
  old.timeSeries({ queue: 'c' }).inc()
  expect([emitWarning.mock.calls, selfValue('tallyscope_overflowed_records_total', 'removed/jobs')]).toEqual([[], 0])
})

test('a series in the overflow row gets a row of its own once a metric is removed', () => {
  const { registry, rows } = registryOf({ limits: { totalRows: 1 } })
  registry.counter('first')
  const second = registry.counter('second', { labelKeys: ['a'] })
  const series = second.timeSeries({ a: 'x' })
  series.inc(2)
  registry.unregister('first')
  series.inc(3)
  second.inc({ a: 'x' })
  expect([series.value, rows('second')]).toEqual([4, ['* 2', 'x 4']])
})

test('handles of removed metrics use up no limit', () => {
  const { registry, rows } = registryOf({ limits: { totalRows: 3 } })
  const old = registry.gauge('old', { labelKeys: ['a'] })
  const kept = old.timeSeries({ a: 'kept' })
  registry.unregister('old')
  for (let n = 0; n < 10; n++) {
    old.set(n, { a: n })
    kept.set(n)
  }
  const next = registry.gauge('next', { labelKeys: ['a'] })
  for (let n = 0; n < 3; n++) next.set(n, { a: n })
  expect([rows('old'), rows('next')]).toEqual([[], ['0 0', '1 1', '2 2']])
})

test.each<[string, (registry: MetricRegistry) => () => void]>([
  [
    'clear() of a removed gauge',
    (registry) => {
      const old = registry.gauge('old', { labelKeys: ['a'] })
      for (let n = 0; n < 3; n++) old.set(n, { a: n })
      return () => old.clear()
    },
  ],
  [
    'the end of a function of a removed metric',
    (registry) => {
      const end = registry.derivedGauge('old').observe(() => 1)
      void registry.getMetrics()
      return end
    },
  ],
])('%s frees no room twice', (_what, define) => {
  const { registry, rows } = registryOf({ limits: { totalRows: 3 } })
  const end = define(registry)
  registry.unregister('old')
  end()
  const next = registry.gauge('next', { labelKeys: ['a'] })
  for (let n = 0; n < 5; n++) next.set(n, { a: n })
  expect(rows('next')).toEqual(['0 0', '1 1', '2 2', '* 4'])
})

test('a metric that is refused uses up no limit', () => {
  const { registry, rows } = registryOf({ limits: { totalRows: 3 } })
  registry.gauge('jobs', { labelKeys: ['a'] })
  for (let n = 0; n < 5; n++) expect(() => registry.counter('jobs_total')).toThrow(expect.objectContaining({ code: 'ERR_NAME_CLASH' }))
  for (let n = 0; n < 3; n++) registry.gauge('jobs', { labelKeys: ['a'] }).set(n, { a: n })
  expect(rows('jobs')).toEqual(['0 0', '1 1', '2 2'])
})

test('defining and removing a hundred thousand times keeps memory flat', () => {
  const { registry } = registryOf()
  const turn = (n: number) => {
    registry.gauge('m', { labelKeys: ['a'] }).set(n, { a: n })
    registry.unregister('m')
  }
  for (let n = 0; n < 5_000; n++) turn(n)
  global.gc!()
  const beforeBytes = process.memoryUsage().heapUsed
  for (let n = 0; n < 100_000; n++) turn(n)
  global.gc!()
  expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(1e6)
})

describe('a shown metric', () => {
  test('has the labels of the series, of the instrument and of the registry, and the resource', () => {
    const { registry, rows } = registryOf({ constantLabels: { zone: 'eu', host: 'h1' }, resource: { type: 'host', labels: { name: 'n' } } })
    registry
      .gauge('g', { unit: 'By', description: 'Some', labelKeys: ['a'], constantLabels: { pool: 'p', host: 'h2' }, type: 'int64' })
      .set(1, { a: 'x' })
    expect(registry.getMetrics()).toEqual([
      {
        descriptor: { name: 'g', description: 'Some', unit: 'By', type: 'GAUGE_INT64', labelKeys: ['a', 'zone', 'host', 'pool'] },
        timeSeries: [{ labelValues: ['x', 'eu', 'h2', 'p'], points: [{ timeUnixMs: 1_000, value: 1 }] }],
        resource: { name: 'n' },
      },
    ])
    expect(rows('g')).toEqual(['x eu h2 p 1'])
  })

  test('does not follow later changes of constant labels', () => {
    const constantLabels = { zone: 'eu' }
    const { registry, rows } = registryOf({ constantLabels })
    constantLabels.zone = 'us'
    registry.gauge('g').set(1)
    expect(rows('g')).toEqual(['eu 1'])
  })

  test('has the type of its kind', () => {
    const { registry } = registryOf()
    const type = (name: string) =>
      (registry.getMetrics() as readonly Metric[]).find(({ descriptor }) => descriptor.name === name)!.descriptor
    registry.gauge('g').set(1)
    registry.cumulative('c', { exactName: true })
    registry.cumulative('ci', { type: 'int64' })
    expect([type('g'), type('c'), type('ci')]).toMatchObject([
      { type: 'GAUGE_DOUBLE' },
      { type: 'CUMULATIVE_DOUBLE', exactName: true },
      { type: 'CUMULATIVE_INT64' },
    ])
  })

  test('is returned as a promise only while a derived metric has an async function', async () => {
    const { registry } = registryOf()
    registry.gauge('g').set(1)
    expect(registry.getMetrics()).toHaveLength(1)
    registry.derivedGauge('d').observe(() => 2)
    expect(registry.getMetrics()).toHaveLength(2)
    registry.derivedGauge('e').observe(async () => 3)
    expect(registry.getMetrics()).toBeInstanceOf(Promise)
    expect(await registry.getMetrics()).toHaveLength(3)
    registry.unregister('e')
    expect(registry.getMetrics()).toHaveLength(2)
  })

  test('has no instruments without series', () => {
    const { registry } = registryOf()
    registry.gauge('g', { labelKeys: ['a'] })
    expect(registry.getMetrics()).toEqual([])
  })

  test('is a row source in getFamilies, and equal each time', () => {
    const { registry } = registryOf()
    const gauge = registry.gauge('g', { labelKeys: ['a'] })
    for (let n = 0; n < 100; n++) gauge.set(n, { a: n })
    expect((registry.getFamilies() as readonly object[]).every((family) => isRowSource(family as never))).toBe(true)
    expect(registry.getMetrics()).toEqual(registry.getMetrics())
  })
})

test.each([0, -1, 1.5, NaN, '5', 2 ** 31])('deriveTimeoutMs may not be %s', (deriveTimeoutMs) => {
  expect(() => new MetricRegistry({ deriveTimeoutMs: deriveTimeoutMs as number })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
})

test('a clock must have both times, and signed must be a boolean', () => {
  expect(() => new MetricRegistry({ clock: Date as never })).toThrow(
    'clock of MetricRegistry must be an object with unixMs() and monotonicMs(): it is a function',
  )
  expect(() => registryOf().registry.histogram('h', { signed: 'true' as never })).toThrow(
    'signed of metric h must be true or false: it is "true"',
  )
})

test('limits hold for instruments', () => {
  const { registry, rows } = registryOf({ limits: { rowsPerView: 2, tagValueLength: 3 } })
  const gauge = registry.gauge('g', { labelKeys: ['a'] })
  for (const a of ['abcd', 'abce', 'x', 'y']) gauge.add(1, { a })
  expect(rows('g')).toEqual(['abc 2', 'x 1', '* 1'])
})

test('types: labels are those of the instrument', () => {
  const { registry } = registryOf()
  const gauge = registry.gauge('typed', { labelKeys: ['queue'] })
  gauge.set(1, { queue: 'mail' })
  // @ts-expect-error a misspelt label
  gauge.set(1, { qeue: 'mail' })
  // @ts-expect-error a missing label
  gauge.timeSeries({})
  // @ts-expect-error an object as label
  gauge.set(1, { queue: {} })
  // @ts-expect-error a misspelt label
  registry.info('facts', { labelKeys: ['version'] }).set({ verison: '1' })
  // @ts-expect-error a state that there is not
  registry.stateSet('switch', { states: ['on', 'off'] }).set('onn')
  expect(gauge.remove({ queue: 'mail' })).toBe(true)
})

test('an unknown merge rule is refused, and another merge rule is another definition', () => {
  const registry = new MetricRegistry()
  expect(() => registry.gauge('depth', { merge: 'average' as never })).toThrow(
    'merge of metric depth must be one of sum, min, max, latest, each: it is "average"',
  )
  expect(() => registry.gauge('depth', { merg: 'max' } as never)).toThrow('perhaps merge')
  expect(() => registry.counter('depth', { merge: 'max' } as never)).toThrow('has no option "merge"')
  const depth = registry.gauge('depth', { merge: 'max' })
  expect(registry.gauge('depth', { merge: 'max' })).toBe(depth)
  expect(() => registry.gauge('depth', { merge: 'min' })).toThrow(expect.objectContaining({ code: 'ERR_METRIC_CONFLICT' }))
  expect(registry.gauge('other', { merge: undefined } as never)).toBe(registry.gauge('other'))
})
