import { expect, test } from 'vitest'
import { metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import { distribution } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { bytesOf } from '../exporters/prometheus/format/metric-samples.js'
import { amount, figure } from './amount.js'

// So many that a document takes several slices also on a quick machine: between them values are recorded.
const ROWS = 1_800
const AT_ONCE = 25
const ACCEPTS = ['text/plain', 'application/openmetrics-text']

/** The number of histograms in a document, and of those whose buckets fall, or end in something else than their count. */
function histogramsIn(document: string): { all: number; wrong: number; counted: number } {
  let all = 0
  let wrong = 0
  let counted = 0
  let last = 0
  let isFalling = false
  for (const [, kind, end] of document.matchAll(/^took_(bucket|count)\{[^}]*\} (\d+)/gm)) {
    const value = Number(end)
    if (kind === 'bucket') {
      isFalling ||= value < last
      last = value
      continue
    }
    all++
    counted += value
    if (isFalling || last !== value) wrong++
    isFalling = false
    last = 0
  }
  return { all, wrong, counted }
}

test('during recording at full speed the last bucket of each histogram equals its count in every scrape', async () => {
  const scrapes = amount(500, 10_000)
  const stats = new Stats()
  const measure = stats.measure('took', { tagKeys: ['row'] })
  stats.viewManager.registerView({ name: 'took', measure, tagKeys: ['row'], aggregation: distribution([0.1, 0.2, 0.5, 1]) })
  const tags = Array.from({ length: ROWS }, (_, row) => ({ row: `r${row}` }))
  let recorded = 0
  const record = (): void => {
    for (let i = 0; i < 500; i++) stats.record(measure, ((recorded * 7) % 13) / 10, tags[recorded++ % ROWS])
  }
  for (let i = 0; i < 8; i++) record() // every row
  let isOn = true
  const keepRecording = (): void => {
    record()
    if (isOn) setImmediate(keepRecording)
  }
  keepRecording()
  const handle = metricsHandler({ producers: [stats], selfMetrics: false, maxInFlight: AT_ONCE })
  let torn = 0
  let wrong = 0
  for (let done = 0; done < scrapes; done += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, async (_, at) => {
      const before = recorded
      const { body } = await handle({ accept: ACCEPTS[at % 2]! })
      const seen = histogramsIn(String(await bytesOf(body)))
      expect(seen.all).toBe(ROWS)
      // What was recorded between the first row and the last: the document is none of one instant, its rows are.
      if (seen.counted > before && seen.counted < recorded) torn++
      wrong += seen.wrong
    })
    await Promise.all(batch)
  }
  isOn = false
  figure('snapshot truth', `${scrapes} scrapes of ${ROWS} histograms, values recorded within ${torn} of them, ${wrong} wrong`)
  expect(wrong).toBe(0)
  expect(torn).toBeGreaterThan(scrapes / 10)
}, 600_000)
