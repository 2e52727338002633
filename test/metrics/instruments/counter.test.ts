import { describe, expect, test, vi } from 'vitest'
import { dropped, registryOf } from './registry-fixture.js'

test('counter and cumulative are two names of one instrument', () => {
  const { registry } = registryOf()
  expect(registry.counter('c')).toBe(registry.cumulative('c'))
})

test('the arguments of a counter are an optional value and labels', () => {
  const { registry, rows } = registryOf()
  const done = registry.counter('jobs/done', { labelKeys: ['queue'] })
  done.inc({ queue: 'mail' })
  done.inc(2, { queue: 'mail' })
  done.inc(undefined, { queue: 'mail' })
  done.add({ queue: 'print' })
  done.add(0.5, { queue: 'print' })
  done.timeSeries({ queue: 'mail' }).inc()
  expect(rows('jobs/done')).toEqual(['mail 5', 'print 1.5'])
})

test('the argument of a counter without label keys is an optional value', () => {
  const { registry, rows } = registryOf()
  const count = registry.counter('plain')
  count.inc()
  count.inc(2)
  count.defaultTimeSeries().inc(3)
  expect(rows('plain')).toEqual(['6'])
})

test('a gauge goes up and down, by 1 if no value is given', () => {
  const { registry, rows } = registryOf()
  const depth = registry.gauge('depth', { labelKeys: ['queue'] })
  depth.set(5, { queue: 'mail' })
  depth.inc({ queue: 'mail' })
  depth.dec({ queue: 'mail' })
  depth.dec(2, { queue: 'mail' })
  depth.inc(0.5, { queue: 'mail' })
  const series = depth.timeSeries({ queue: 'mail' })
  series.inc()
  series.dec(3)
  expect(rows('depth')).toEqual(['mail 1.5'])
})

describe.each(['counter', 'gauge'] as const)('a %s with label keys', (kind) => {
  test('drops and counts values without labels', () => {
    const { registry, rows } = registryOf()
    const name = `${kind}/unlabelled`
    const instrument = registry[kind](name, { labelKeys: ['queue'] })
    const loose = instrument as unknown as { inc(...given: unknown[]): void; add(...given: unknown[]): void }
    loose.inc()
    loose.inc(3)
    loose.add(2)
    expect([rows(name), dropped(name, 'labels')]).toEqual([[], 3])
  })

  test('drops a value after its labels instead of using another', () => {
    const { registry, rows } = registryOf()
    const name = `${kind}/swapped`
    const loose = registry[kind](name, { labelKeys: ['queue'] }) as unknown as { inc(...given: unknown[]): void }
    loose.inc({ queue: 'mail' }, 3)
    expect([rows(name), dropped(name, 'not a number')]).toEqual([[], 1])
  })
})

test.each(['counter', 'gauge'] as const)('a %s without label keys warns once of labels, after a value or without one', (kind) => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const { registry, rows } = registryOf()
  const name = `${kind}/unlabelled`
  const loose = registry[kind](name) as unknown as { inc(...given: unknown[]): void }
  for (const _ of [1, 2]) {
    loose.inc(2, { queue: 'print' })
    loose.inc({ queue: 'mail' })
  }
  expect(rows(name)).toEqual(['4'])
  expect(emitWarning.mock.calls.map(([text]) => text)).toEqual([
    `${name} was given the unknown tag "queue" (known are none)`,
    `${name} was given labels before the value, which is dropped: it has no label keys`,
  ])
  emitWarning.mockRestore()
})

test('gauge.set with labels before the value sets nothing and is counted', () => {
  const { registry, rows } = registryOf()
  const depth = registry.gauge('set/swapped', { labelKeys: ['queue'] })
  ;(depth.set as (...given: unknown[]) => void)({ queue: 'mail' }, 3)
  expect([rows('set/swapped'), dropped('set/swapped', 'not a number')]).toEqual([[], 1])
})

test('an object that is neither labels nor a value counts nothing', () => {
  const { registry, rows } = registryOf()
  const plain = registry.counter('objects/plain') as unknown as { inc(...given: unknown[]): void }
  const labelled = registry.counter('objects/labelled', { labelKeys: ['queue'] }) as unknown as { inc(...given: unknown[]): void }
  for (const given of [new Date(), Object(3), { queue: 'mail' }]) plain.inc(given)
  for (const given of [new Date(), Object(3), []]) labelled.inc(given)
  expect([rows('objects/plain'), rows('objects/labelled')]).toEqual([['0'], []])
  expect([dropped('objects/plain', 'not a number'), dropped('objects/labelled', 'not a number')]).toEqual([3, 3])
})

test('an array of label keys that the caller changes later changes neither labels nor warnings', () => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const { registry, rows } = registryOf()
  const labelKeys = ['queue']
  const jobs = registry.counter('keys/changed', { labelKeys })
  labelKeys[0] = 'other'
  labelKeys.push('another')
  jobs.inc({ queue: 'mail' })
  jobs.inc({ queu: 'mail' })
  expect(rows('keys/changed')).toEqual(['mail 1', '- 1'])
  expect(emitWarning.mock.calls.map(([text]) => text)).toContain('keys/changed was given the unknown tag "queu" (perhaps queue)')
  expect(emitWarning).toHaveBeenCalledTimes(1)
  emitWarning.mockRestore()
})
