import { expect } from 'vitest'
import { type Sample, withoutTarget } from './prometheus.js'

/** Of a sum, a distribution and a summary in seconds. */
const SERIES = [
  'shop_spent_seconds_total',
  'shop_latency_seconds_bucket',
  'shop_latency_seconds_sum',
  'shop_latency_seconds_count',
  'shop_quantiles_seconds',
  'shop_quantiles_seconds_count',
]

/** Expects that the series of the job `pushed` have the labels and values of those of the job `shop`, which is scraped. */
export async function expectAsScraped(query: (expression: string) => Promise<Sample[]>, pushed: string): Promise<void> {
  for (const name of SERIES) {
    const scraped = withoutTarget(await query(`${name}{job="shop"}`))
    expect(scraped.length, name).toBeGreaterThan(1)
    expect(withoutTarget(await query(`${name}{job="${pushed}"}`)), name).toEqual(scraped)
  }
  for (const quantile of [0.5, 0.9]) {
    const of = (job: string) => query(`histogram_quantile(${quantile}, shop_latency_seconds_bucket{job="${job}"})`)
    expect(withoutTarget(await of(pushed))).toEqual(withoutTarget(await of('shop')))
  }
}
