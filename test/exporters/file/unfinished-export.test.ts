import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileExporter } from '../../../src/exporters/file/file-exporter.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-unfinished-'))
  path = join(folder, 'metrics.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A clock of which every look costs a slice, so that each step ends one. */
class SlowClock extends ManualClock {
  override monotonicMs(): number {
    this.advance(10)
    return super.monotonicMs()
  }
}

const metric = (name: string) => ({ name, timeSeries: Array.from({ length: 1_000 }, (_, i) => ({ labelValues: [`${i}`], points: [i] })) })
const lines = () => readFileSync(path, 'utf8').trimEnd().split('\n')

test('a metric of many series does not block other work, and is one line', async () => {
  const exporter = new FileExporter({ path, clock: new SlowClock() })
  let turns = 0
  const count = () => {
    turns++
    immediate = setImmediate(count)
  }
  let immediate = setImmediate(count)
  await exporter.export([metric('a')])
  clearImmediate(immediate)
  await exporter.shutdown()
  expect(lines()).toEqual([JSON.stringify(metric('a'))])
  expect(turns).toBeGreaterThanOrEqual(32)
})

test('flushSync during the serialisation of a metric writes it and all later items once', async () => {
  const exporter = new FileExporter({ path, clock: new SlowClock() })
  const exporting = exporter.export([metric('a'), metric('b')])
  const behind = exporter.export([{ name: 'c' }])
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  exporter.flushSync()
  const expected = [JSON.stringify(metric('a')), JSON.stringify(metric('b')), '{"name":"c"}']
  expect(lines()).toEqual(expected)
  await Promise.all([exporting, behind])
  await exporter.shutdown()
  expect(lines()).toEqual(expected)
})
