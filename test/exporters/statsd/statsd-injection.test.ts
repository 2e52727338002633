import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { ExportCounts } from '../../../src/exporters/export-counts.js'
import { plainNumber } from '../../../src/exporters/statsd/plain-number.js'
import { StatsdLines } from '../../../src/exporters/statsd/statsd-lines.js'
import { checkStatsdOptions } from '../../../src/exporters/statsd/statsd-options.js'
import { snapshotRows } from '../../../src/metrics/data/snapshot-rows.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { distribution, metric } from '../prometheus/format/metric-samples.js'
import { parseLine } from './statsd-grammar.js'

const STYLES = ['dogstatsd', 'graphite', 'influx', 'none'] as const

/** Strings that try to end a tag, a line or a packet. */
const hostile = fc.oneof(
  fc.string({
    unit: fc.constantFrom('\r', '\n', '|', '#', ':', ',', ';', '=', '@', ' ', '~', '\0', '\u2028', '\u0085', 'a', 'c', 'ü', '\ud800'),
  }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('x\nevil:1|c', 'x\revil:1|c', 'x|#a:b', ',x', '#', ' ', '\t', '__proto__'),
)

function textOf(metrics: Metric[], style: (typeof STYLES)[number], tags: Record<string, string>): string[] {
  const options = checkStatsdOptions({ tagStyle: style, tags, maxPacketBytes: 65_000, ...(style !== 'none' && { buckets: true }) })
  const lines = new StatsdLines(options, new ExportCounts('test'))
  const packer = lines.begin()
  for (const source of metrics.flatMap(snapshotRows)) {
    for (const chunk of source.chunks) for (let cell = 0; cell < chunk.size; cell++) lines.row(source, chunk, cell)
  }
  return packer.takeRest().flatMap(({ text }) => Buffer.from(text).toString().split('\n'))
}

test('no metric name, tag key or tag value can add a line or a tag', () => {
  fc.assert(
    fc.property(fc.constantFrom(...STYLES), hostile, hostile, hostile, hostile, (style, name, key, value, constant) => {
      const metrics = [
        metric({ name, type: 'CUMULATIVE_INT64', labelKeys: ['a', `k${key}`] }, [['1', value], 7]),
        metric({ name, type: 'CUMULATIVE_DISTRIBUTION', labelKeys: [`k${key}`] }, [[value], distribution([1], [1, 1], 3)]),
      ]
      const lines = textOf(metrics, style, { constant }).map((line) => parseLine(line, style))
      expect(lines.map(({ value: read, type }) => [read, type])).toEqual(
        style === 'none'
          ? [
              [7, 'c'],
              [2, 'c'],
              [3, 'c'],
            ]
          : [
              [7, 'c'],
              [1, 'c'],
              [1, 'c'],
              [2, 'c'],
              [3, 'c'],
            ],
      )
      if (style !== 'none' && value !== '' && constant !== '') expect(lines[0]!.tags.size).toBe(3)
    }),
    { numRuns: 5_000 },
  )
})

test('every finite number is parsed back from its plain digits', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = plainNumber(value)
      expect(text).toMatch(/^-?\d+(\.\d+)?$/)
      expect(Number(text)).toBe(value + 0)
    }),
    { numRuns: 20_000 },
  )
})
