import { expect, test, vi } from 'vitest'

const warnings: unknown[] = []

// What somebody else may have put there before the package is loaded.
Object.defineProperty(globalThis, Symbol.for('tallyscope'), { value: 'theirs' })
Object.defineProperty(globalThis, Symbol.for('tallyscope.TagMap'), { value: () => {} })

test('the package is imported and records despite foreign values under its global symbols, with one warning each', async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation((_message, options) => void warnings.push((options as { code: string }).code))
  const { count, stats, TagMap, withTags } = await import('../../src/index.js')
  const measure = stats.measure('foreign')
  stats.viewManager.registerView({ name: 'foreign', measure, tagKeys: ['a'], aggregation: count() })
  stats.record(measure, 1, { a: 'object' })
  stats.record(measure, 1, TagMap.of({ a: 'map' }))
  withTags(TagMap.of({ a: 'context' }), () => stats.record(measure, 1))
  expect(stats.viewManager.getView('foreign')!.rows.map(({ tagValues }) => tagValues['a'])).toEqual(['object', 'map', 'context'])
  expect(warnings).toEqual(['TALLYSCOPE_FOREIGN_STATE', 'TALLYSCOPE_FOREIGN_STATE'])
})
