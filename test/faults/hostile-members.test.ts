import fc from 'fast-check'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { ChangedRows } from '../../src/cluster/data/changed-rows.js'
import { DEFAULT_DATA_LIMITS } from '../../src/cluster/data/contributor.js'
import { FrameError } from '../../src/cluster/data/frame-error.js'
import { FRAME, FrameWriter } from '../../src/cluster/data/frame-writer.js'
import { MergedFamilies } from '../../src/cluster/data/merged-families.js'
import { CONTROL, readControlFrame } from '../../src/cluster/net/control-frames.js'
import { openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { Stats } from '../../src/stats/stats.js'
import { exponential } from '../../src/stats/views/aggregation.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { amount } from './amount.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const group = (): MergedFamilies => new MergedFamilies({ clock: new ManualClock(), limits: DEFAULT_DATA_LIMITS })
const damaged = expect.objectContaining({ code: 'ERR_GROUP_FRAME' }) as Error

/** All frames of a member that has one distribution with exponential buckets and an exemplar. */
function frames(attachment = 'a'.repeat(32)): Uint8Array[] {
  const stats = new Stats({ clock: new ManualClock() })
  const measure = stats.measure('time', { tagKeys: ['route'], view: exponential({ maxBuckets: 16 }) })
  for (let at = 1; at < 40; at++) stats.record(measure, at, { route: `/${at % 3}` }, { trace_id: attachment })
  return [...new ChangedRows([stats]).framesNow()].map((frame) => Uint8Array.from(frame))
}

function definition(change: object): Uint8Array {
  const text = JSON.stringify({
    name: 'time',
    description: '',
    unit: 'ms',
    type: 'CUMULATIVE_DISTRIBUTION',
    labelKeys: [],
    kind: 'distribution',
    bounds: [],
    ...change,
  })
  return new FrameWriter().begin(FRAME.DEFINE).varint(0).varint(0).text(text).end()
}

test('a definition whose buckets cannot be merged is damaged, and does not fail later', () => {
  const member = group().contributor('member', 0)
  for (const settings of [{ maxBuckets: -1 }, { maxBuckets: 1e9 }, { schema: 99 }, { growthFactor: 'x' }, { unheardOf: 1 }]) {
    expect(() => member.apply(definition({ settings })), JSON.stringify(settings)).toThrow(damaged)
  }
  member.apply(definition({ settings: { maxBuckets: 16 } }))
})

test('long attachments of exemplars are left out: there is one for each bucket of each row', () => {
  const merged = group()
  const exemplar = (text: string): Uint8Array =>
    new FrameWriter().begin(FRAME.EXEMPLARS).varint(0).signed(0).varint(0).double(1).double(1).varint(1).text('trace_id').text(text).end()
  const member = merged.contributor('member', 0)
  for (const frame of frames()) member.apply(frame)
  const before = JSON.stringify(merged.getMetrics())
  member.apply(exemplar('x'.repeat(500_000)))
  expect(JSON.stringify(merged.getMetrics())).toBe(before)
  member.apply(exemplar('y'.repeat(64)))
  expect(JSON.stringify(merged.getMetrics())).toContain('y'.repeat(64))
})

test('frames that were changed anywhere are applied or refused, and the page stays one that can be read', () => {
  const honest = frames()
  fc.assert(
    fc.property(
      fc.nat(honest.length - 1),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      (which, changes, isLeaving) => {
        const merged = group()
        const member = merged.contributor('stranger', 0)
        const other = merged.contributor('other', 1)
        for (const frame of honest) other.apply(frame)
        for (const [at, frame] of honest.entries()) {
          const sent = Uint8Array.from(frame)
          if (at === which) for (const [place, byte] of changes) sent[4 + (place % (sent.length - 4))] = byte
          try {
            member.apply(sent)
          } catch (error) {
            expect(FrameError.is(error), String(error)).toBe(true)
            break
          }
        }
        if (isLeaving) member.depart('lost')
        for (const line of formatText(merged.getMetrics() as readonly Metric[]).split('\n')) {
          expect(line).toMatch(/^(?:|# (?:TYPE|HELP) .*|[a-zA-Z_:][\w:]*(?:\{.*\})? \S+)$/u)
        }
      },
    ),
    { numRuns: amount(500, 100_000) },
  )
})

test('a message of another process has a code of ours', () => {
  const frame = (code: string): Uint8Array =>
    new FrameWriter()
      .begin(CONTROL.FAILED)
      .text(JSON.stringify({ number: 1, code, message: 'x' }))
      .end()
  expect(readControlFrame(frame('ERR_GROUP_INCOMPLETE'))).toMatchObject({ kind: 'FAILED' })
  for (const code of ['', 'x\n', 'ERR_\u001b[2J', 'constructor']) expect(() => readControlFrame(frame(code)), code).toThrow(damaged)
})

test('a folder that every user may write to is used with a warning', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const folder = mkdtempSync(join(tmpdir(), 'ts-'))
  try {
    openGroupFolder('0123456789abcdef', folder)
    expect(warned).not.toHaveBeenCalled()
    chmodSync(folder, 0o777)
    openGroupFolder('0123456789abcdef', folder)
    expect(warned).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('every user of this machine can write to'), expect.anything())
  } finally {
    rmSync(folder, { recursive: true })
  }
})
