// Two copies of the code in one process: records through each with tags made by the other, and reads through both.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { count, currentTags, stats, TagMap, withTags } from 'tallyscope'

const require = createRequire(import.meta.url)
const root = dirname(require.resolve('tallyscope/package.json'))
const copy = require(join(root, 'dist/cjs/index.js'))
if (copy.TagMap === TagMap) throw new Error('meant to be two copies of the code')

const define = (engine) => engine.measure('consumer/calls', { unit: '1', tagKeys: ['from'] })
const measure = define(copy.stats)
stats.viewManager.registerView({ name: 'consumer/calls', measure, tagKeys: ['from'], aggregation: count() })
stats.record(measure, 1, { from: 'object' })
copy.stats.record(define(copy.stats), 1, { from: 'object' })
stats.record(measure, 1, copy.TagMap.of({ from: 'map' }))
copy.stats.record(measure, 1, TagMap.of({ from: 'map' }))
stats.bind(measure, copy.TagMap.of({ from: 'bound' })).record(1)
copy.stats.bind(measure, TagMap.of({ from: 'bound' })).record(1)
withTags(TagMap.of({ from: 'context' }), () => copy.stats.record(measure, 1))
copy.withTags(copy.TagMap.of({ from: 'context' }), () => stats.record(measure, 1))
stats.statsRecorder
  .newMeasurementMap()
  .put(measure, 1)
  .record(copy.TagMap.of({ from: 'batch' }))
copy.stats.statsRecorder
  .newMeasurementMap()
  .put(measure, 1)
  .record(TagMap.of({ from: 'batch' }))

const rows = (view) => Object.fromEntries(view.rows.map((row) => [row.tagValues.from, row.data.value]))
console.log(
  JSON.stringify({
    esm: rows(stats.viewManager.getView('consumer/calls')),
    cjs: rows(copy.stats.viewManager.getView('consumer/calls')),
    tags: withTags(TagMap.of({ shop: 'north' }), () => [currentTags().get('shop'), copy.currentTags().get('shop')]),
  }),
)
