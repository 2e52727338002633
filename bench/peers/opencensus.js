// @ts-check
import { AggregationType, globalStats, MeasureUnit, TagMap } from '@opencensus/core'
import { BOUNDS } from '../fixtures.js'

export { AggregationType, globalStats, TagMap }

let made = 0

/**
 * A measure with views, in the engine that OpenCensus has one of.
 * @param {readonly { aggregation: AggregationType, keys: readonly string[] }[]} views
 */
export function censusMeasure(views) {
  const measure = globalStats.createMeasureDouble(`peer/${made++}`, MeasureUnit.SEC, 'A measure')
  for (const [at, { aggregation, keys }] of views.entries()) {
    const tagKeys = keys.map((name) => ({ name }))
    const bounds = aggregation === AggregationType.DISTRIBUTION ? BOUNDS : undefined
    globalStats.registerView(globalStats.createView(`${measure.name}/${at}`, measure, aggregation, tagKeys, 'A view', bounds))
  }
  return measure
}

/** @param {{ readonly [key: string]: string }} tags */
export function censusTags(tags) {
  const map = new TagMap()
  for (const [name, value] of Object.entries(tags)) map.set({ name }, { value })
  return map
}
