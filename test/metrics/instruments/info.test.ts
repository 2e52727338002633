import { describe, expect, test } from 'vitest'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { dropped, registryOf } from './registry-fixture.js'

describe('info', () => {
  test('shows its facts as one series of 1; new facts replace the old', () => {
    const { registry, rows } = registryOf()
    const info = registry.info('build', { labelKeys: ['version', 'commit'], description: 'What runs' })
    expect(rows('build')).toEqual([])
    info.set({ version: '1.2.3', commit: 7 })
    expect(rows('build')).toEqual(['1.2.3 7 1'])
    info.set({ version: '1.2.4', commit: undefined })
    expect(rows('build')).toEqual(['1.2.4 - 1'])
    expect((registry.getMetrics() as readonly Metric[])[0]!.descriptor).toMatchObject({ type: 'INFO', description: 'What runs' })
    info.clear()
    expect(rows('build')).toEqual([])
  })

  test('keeps its facts if the new ones cannot be read', () => {
    const { registry, rows } = registryOf()
    const info = registry.info('unreadable', { labelKeys: ['version'] })
    info.set({ version: '1' })
    info.set({
      get version(): string {
        throw new Error('no')
      },
    }) // prettier-ignore
    expect([rows('unreadable'), dropped('unreadable', 'labels')]).toEqual([['1 1'], 1])
  })
})

describe('a state set', () => {
  const setUp = (name = 'worker') => {
    const { registry, rows } = registryOf({ constantLabels: { zone: 'eu' } })
    const worker = registry.stateSet(name, { states: ['starting', 'running', 'stopping'], labelKeys: ['id'] })
    return { registry, worker, rows: () => rows(name) }
  }

  test('shows all its states, of which one is active', () => {
    const { worker, rows, registry } = setUp()
    worker.set('running', { id: 1 })
    expect(rows()).toEqual(['1 eu starting 0', '1 eu running 1', '1 eu stopping 0'])
    worker.set('stopping', { id: 1 })
    expect(rows()).toEqual(['1 eu starting 0', '1 eu running 0', '1 eu stopping 1'])
    expect((registry.getMetrics() as readonly Metric[])[0]!.descriptor).toMatchObject({
      type: 'STATE_SET',
      labelKeys: ['id', 'zone', 'state'],
    })
    worker.clear()
    expect(rows()).toEqual([])
  })

  test('may have several active states', () => {
    const { worker, rows } = setUp()
    worker.set('starting', { id: 1 })
    worker.setState('running', true, { id: 1 })
    worker.setState('starting', false, { id: 1 })
    worker.setState('stopping', true, { id: 2 })
    expect(rows()).toEqual(['1 eu starting 0', '1 eu running 1', '1 eu stopping 0', '2 eu stopping 1'])
  })

  test('drops unknown states and labels that cannot be read', () => {
    const { worker, rows } = setUp('dropping')
    worker.set('gone' as 'running', { id: 1 })
    worker.setState(undefined as unknown as 'running', true, { id: 1 })
    const labels = {
      get id(): string {
        throw new Error('no')
      },
    } // prettier-ignore
    worker.set('running', labels)
    worker.setState('running', true, labels)
    expect([rows(), dropped('dropping', 'state'), dropped('dropping', 'labels')]).toEqual([[], 2, 2])
  })

  test.each([[[]], [['a', 'a']], [['a', '']], [['a', 1]], ['abc'], [undefined], [[1n]]])(
    'needs different strings as states: %s',
    (states) => {
      const { registry } = registryOf()
      expect(() => registry.stateSet('s', { states: states as string[] })).toThrow(expect.objectContaining({ code: 'ERR_STATES' }))
      expect(registry.stateSet('s', { states: ['a'] })).toBe(registry.stateSet('s', { states: ['a'] })) // the name is free
    },
  )

  test('has its own label', () => {
    const { registry } = registryOf()
    expect(() => registry.stateSet('s', { states: ['a'], labelKeys: ['state'] })).toThrow(expect.objectContaining({ code: 'ERR_KEYS' }))
  })
})
