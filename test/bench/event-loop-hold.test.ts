import { expect, test } from 'vitest'
import { serve } from '../../bench/exporters/prometheus/served.js'
import { median } from '../../bench/statistics.js'

// The bench shows 10 ms and 15 ms; a machine that runs other tests beside is given more. What counts here is how long the
// main thread itself ran in one turn, in the middle one of several scrapes: other processes must not fail this test.
const LIMIT_MS = 25

test.each([
  { kind: 'counters' as const, count: 100_000 },
  { kind: 'distributions' as const, count: 20_000 },
  { kind: 'counters' as const, count: 1_000_000 },
])(
  `a scrape of $count $kind holds the event loop for less than ${LIMIT_MS} ms`,
  async ({ kind, count }) => {
    const server = await serve('tallyscope', kind, count)
    try {
      const holds: number[] = []
      for (const share of [0, 0.01, 0.01, 0.01, 0.01]) {
        await server.ask('touch', share)
        await server.ask('level') // collects garbage, so that the making of the rows is not what is measured
        await server.ask('watch')
        expect(await server.scrape()).toBeGreaterThan(count * 40)
        holds.push((await server.ask('unwatch')).runMs)
      }
      expect(median(holds)).toBeLessThan(LIMIT_MS)
    } finally {
      server.stop()
    }
  },
  120_000,
)
