import { expect, test } from 'vitest'
import { DEFAULT_DATA_LIMITS } from '../../../src/cluster/frames/contributor.js'
import { definitionOf, definitionText } from '../../../src/cluster/frames/family-definition.js'
import { FrameBuilder } from '../../../src/cluster/frames/frame-builder.js'
import { FRAME, FrameWriter } from '../../../src/cluster/frames/frame-writer.js'
import { MergedFamilies } from '../../../src/cluster/data/merged-families.js'
import type { RowSource } from '../../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { linesOf } from './group-model.js'

// Numbers of new rows that this library would not write.

/** Applies a frame of three counters with these numbers and the values 1, 2 and 3. */
function added(write: (line: FrameBuilder) => FrameWriter): string[] {
  const clock = new ManualClock({ unixMs: 0 })
  const registry = new MetricRegistry({ clock })
  registry.counter('hits', { labelKeys: ['path'] }).inc(1, { path: '/' })
  const source = registry.getFamilies() as readonly RowSource[]
  const group = new MergedFamilies({ clock, limits: DEFAULT_DATA_LIMITS })
  const member = group.contributor('member', 0)
  const line = new FrameBuilder(1 << 16)
  member.apply(line.boundary(FRAME.RESTART))
  member.apply(line.define(0, 0, definitionText(definitionOf(source[0]!)))!)
  const writer = write(line).varint(3).double(0).varint(0)
  line.labels({ ids: Int32Array.of(0, 1, 2), strings: ['/a', '/b', '/c'] })
  writer.doubles(Float64Array.of(1, 2, 3))
  member.apply(line.finish()!)
  const next = new FrameWriter().begin(FRAME.VALUES).varint(0).signed(9).double(20)
  member.apply(next.end())
  return linesOf([group]).filter((sample) => sample.startsWith('hits_total'))
}

test('numbers of rows beyond those that a double can count up are refused', () => {
  const far = (line: FrameBuilder): FrameWriter => {
    const writer = line.writer.begin(FRAME.ROWS).varint(0).varint(4)
    for (const run of [1, 1]) writer.signed(2 ** 52 - 1).varint(run)
    return writer.signed(0).varint(2)
  }
  expect(() => added(far)).toThrow(expect.objectContaining({ code: 'ERR_GROUP_LIMIT' }))
})

test('rows whose numbers only begin and end like a run keep their own values', () => {
  expect(added((line) => line.rows(0, Int32Array.of(5, 9, 7)))).toEqual([
    'hits_total{path="/a"} 1',
    'hits_total{path="/b"} 20',
    'hits_total{path="/c"} 3',
  ])
})
