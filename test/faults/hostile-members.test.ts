import { fc } from '../fast-check.js'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { ChangedRows } from '../../src/cluster/data/changed-rows.js'
import { type DataLimits, DEFAULT_DATA_LIMITS } from '../../src/cluster/frames/contributor.js'
import { FrameError } from '../../src/cluster/frames/frame-error.js'
import { FRAME, FrameWriter } from '../../src/cluster/frames/frame-writer.js'
import { MergedFamilies } from '../../src/cluster/data/merged-families.js'
import { CONTROL, readControlFrame } from '../../src/cluster/net/control-frames.js'
import { openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import type { DistributionValue, Metric } from '../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import { Stats } from '../../src/stats/stats.js'
import { count, distribution, exponential, lastValue, percentiles } from '../../src/stats/views/aggregation.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { amount } from './amount.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const group = (): MergedFamilies => new MergedFamilies({ clock: new ManualClock(), limits: DEFAULT_DATA_LIMITS })
const damaged = expect.objectContaining({ code: 'ERR_GROUP_FRAME' }) as Error

/** All frames of a member that has a distribution with exponential buckets and an exemplar, percentiles and a counter. */
function frames(attachment = 'a'.repeat(32)): Uint8Array[] {
  const stats = new Stats({ clock: new ManualClock() })
  const measure = stats.measure('time', { tagKeys: ['route'], view: exponential({ maxBuckets: 16 }) })
  for (let at = 1; at < 40; at++) stats.record(measure, at, { route: `/${at % 3}` }, { trace_id: attachment })
  const waited = stats.measure('wait', { tagKeys: ['route'], view: percentiles() })
  for (let at = 1; at < 40; at++) stats.record(waited, at, { route: `/${at % 3}` })
  stats.record(stats.measure('calls', { view: count() }), 1)
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

test('a definition whose buckets cannot be merged is invalid, and does not fail later', () => {
  const member = group().contributor('member', 0)
  for (const settings of [{ maxBuckets: -1 }, { maxBuckets: 1e9 }, { schema: 99 }, { growthFactor: 'x' }, { unheardOf: 1 }]) {
    expect(() => member.apply(definition({ settings })), JSON.stringify(settings)).toThrow(damaged)
  }
  member.apply(definition({ settings: { maxBuckets: 16 } }))
})

test('rows of many buckets count as several rows in the limits of a member and of all merged families', () => {
  const stats = new Stats({ clock: new ManualClock() })
  const bounds = Array.from({ length: 200 }, (_, at) => at)
  const measure = stats.measure('time', { tagKeys: ['route'], view: distribution(bounds) })
  for (let at = 0; at < 5; at++) stats.record(measure, at, { route: `/${at}` })
  const all = [...new ChangedRows([stats]).framesNow()].map((frame) => Uint8Array.from(frame))
  const merge = (limits: Partial<DataLimits>): MergedFamilies => {
    const merged = new MergedFamilies({ clock: new ManualClock(), limits: { ...DEFAULT_DATA_LIMITS, ...limits } })
    const member = merged.contributor('member', 0)
    for (const frame of all) member.apply(frame)
    return merged
  }
  expect(() => merge({ rows: 19 })).toThrow(expect.objectContaining({ code: 'ERR_GROUP_LIMIT' }))
  expect(merge({ rows: 20 }).rowCount).toBe(20)
  const text = formatText(merge({ mergedRows: 8 }).getMetrics())
  expect([...text.matchAll(/^time_count.*$/gm)].map(([line]) => line)).toEqual([
    'time_count{route="/0"} 1',
    'time_count{route="/1"} 1',
    'time_count{tallyscope_overflow="true"} 3',
  ])
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

/** The frames with one that is changed in some bytes, cut, sent twice, or sent after the next one. */
function faulty(honest: readonly Uint8Array[], which: number, how: string, changes: readonly (readonly [number, number])[]): Uint8Array[] {
  const all = honest.map((frame) => Uint8Array.from(frame))
  const frame = all[which]!
  if (how === 'changed') for (const [place, byte] of changes) frame[4 + (place % (frame.length - 4))] = byte
  if (how === 'cut') all[which] = frame.slice(0, 5 + (changes[0]![0] % (frame.length - 4)))
  if (how === 'twice') all.splice(which, 0, frame)
  if (how === 'swapped') all.push(...all.splice(which, 1))
  return all
}

test('mutated frames are applied or refused, and the page stays valid', () => {
  const honest = frames()
  fc.assert(
    fc.property(
      fc.nat(honest.length - 1),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.constantFrom('changed', 'cut', 'twice', 'swapped'),
      fc.boolean(),
      (which, changes, how, isLeaving) => {
        const merged = group()
        const member = merged.contributor('faulty', 0)
        const other = merged.contributor('other', 1)
        for (const frame of honest) other.apply(frame)
        for (const sent of faulty(honest, which, how, changes)) {
          try {
            member.apply(sent)
          } catch (error) {
            expect(FrameError.is(error), String(error)).toBe(true)
            break
          }
        }
        if (isLeaving) member.depart()
        for (const line of formatText(merged.getMetrics() as readonly Metric[]).split('\n')) {
          expect(line).toMatch(/^(?:|# (?:TYPE|HELP) .*|[a-zA-Z_:][\w:]*(?:\{.*\})? \S+)$/u)
        }
      },
    ),
    { numRuns: amount(200, 100_000) },
  )
})

const AN_HOUR_MS = 3_600_000
const appliedTo = (merged: MergedFamilies, slot: number, stats: Stats) => {
  const member = merged.contributor(`member ${slot}`, slot)
  const reader = new ChangedRows([stats])
  return () => {
    for (const frame of reader.framesNow()) member.apply(frame)
  }
}

test('totals and gauges of a member with a clock an hour ahead count normally, and its exemplars are replaced', () => {
  const clock = new ManualClock()
  const merged = new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS })
  const clocks = [new ManualClock({ unixMs: clock.unixMs() + AN_HOUR_MS }), clock]
  const members = clocks.map((own, slot) => {
    const stats = new Stats({ clock: own })
    const time = stats.measure('time', { view: exponential({ maxBuckets: 16 }) })
    const level = stats.measure('level', { view: lastValue({ merge: 'latest' }) })
    const send = appliedTo(merged, slot, stats)
    return (value: number) => {
      stats.record(time, 4, {}, { trace_id: `of ${value}` })
      stats.record(level, value)
      send()
      clock.advance(2_000)
    }
  })
  const page = (): { exemplars: unknown; level: unknown; count: unknown } => {
    const valueOf = (name: string): unknown =>
      (merged.getMetrics() as Metric[]).find(({ descriptor }) => descriptor.name === name)!.timeSeries[0]!.points[0]!.value
    const [time, level] = [valueOf('time'), valueOf('level')]
    const { exemplars = [], count: total } = time as DistributionValue
    return { exemplars: exemplars.flatMap((exemplar) => exemplar?.attachments['trace_id'] ?? []), level, count: total }
  }
  members[0]!(1)
  expect(page()).toEqual({ exemplars: ['of 1'], level: 1, count: 1 })
  members[1]!(2)
  expect(page()).toEqual({ exemplars: ['of 2'], level: 2, count: 2 })
  members[0]!(3)
  expect(page()).toEqual({ exemplars: ['of 3'], level: 3, count: 3 })
})

test('a counter that is NaN or negative counts as 0, and does not reduce the total', () => {
  const merged = group()
  const [one, other] = [0, 1].map((slot) => ({ member: merged.contributor(`member ${slot}`, slot) }))
  const shown = (): unknown => (merged.getMetrics() as Metric[])[0]?.timeSeries[0]!.points[0]!.value
  const snapshotOf = (value: number): MetricProducer => {
    const descriptor = { name: 'jobs', description: '', unit: '1', type: 'CUMULATIVE_DOUBLE', labelKeys: [] } as const
    return { getMetrics: () => [{ descriptor, timeSeries: [{ labelValues: [], points: [{ timeUnixMs: 0, value }] }] }] }
  }
  const send = ({ member }: typeof one & {}, value: number): void => {
    for (const frame of new ChangedRows([snapshotOf(value)]).framesNow()) member.apply(frame)
  }
  send(one!, 5)
  send(other!, 2)
  for (const value of [Number.NaN, -1]) {
    send(one!, value)
    expect(shown()).toBe(7)
  }
  one!.member.depart()
  expect(shown()).toBe(7)
})

test('an error of another process has one of our codes', () => {
  const frame = (code: string): Uint8Array =>
    new FrameWriter()
      .begin(CONTROL.FAILED)
      .text(JSON.stringify({ number: 1, code, message: 'x' }))
      .end()
  expect(readControlFrame(frame('ERR_GROUP_INCOMPLETE'))).toMatchObject({ kind: 'FAILED' })
  for (const code of ['', 'x\n', 'ERR_\u001b[2J', 'constructor']) expect(() => readControlFrame(frame(code)), code).toThrow(damaged)
})

test('a folder that every user may write to causes a warning', () => {
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
