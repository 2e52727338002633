import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileExporter } from '../../src/exporters/file/file-exporter.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { count } from '../../src/stats/views/aggregation.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import { TagMap, type Tags } from '../../src/stats/tags/tag-map.js'
import { selfValue } from '../exporters/self-value.js'
import { engine, rowsOf } from '../stats/engine.js'
import { FORMATS, readBack } from './formats.js'

let engines = 0

/** A view that counts by the tags a and b, under a name of its own. */
function setUp() {
  const { stats } = engine()
  const name = `tagvalues${engines++}`
  const measure = stats.measure(name) as Measure
  stats.viewManager.registerView({ name, measure, tagKeys: ['a', 'b'], aggregation: count() })
  return {
    stats,
    name,
    record: (a: unknown, b?: unknown) => stats.record(measure, 1, { a, b } as Tags),
    rows: () => rowsOf(stats, name).map((row) => row.replace(' b=-', '')),
    dropped: () => selfValue('tallyscope_dropped_measurements_total', name, 'tags'),
    cut: () => selfValue('tallyscope_cut_tag_values_total', name),
    /** Each row's tags and count, once all formats have been read back and agree. */
    async everywhere(): Promise<[a: string | undefined, b: string | undefined, count: number][]> {
      const read = await readBack(stats)
      for (const format of FORMATS) expect([format, read[format]]).toEqual([format, read.text])
      return read.text.map(([, { a, b }, value]) => [a, b, value])
    },
  }
}

/** Values as they are recorded, by each way to give tags, and as every format shows them. */
async function expectUnchanged(values: readonly string[]): Promise<void> {
  const { stats, record, everywhere, dropped, cut } = setUp()
  for (const value of values) {
    record(value)
    record(TagMap.of({ a: value }).get('a'))
  }
  expect(await everywhere()).toEqual(values.map((value) => [value, undefined, 2]))
  expect([dropped(), cut(), stats.getMetrics().length]).toEqual([0, 0, 1])
}

test('line feeds, quotes, backslashes, CR, NUL, ESC and tabs are exact in every format', async () => {
  const controls = Array.from({ length: 33 }, (_, code) => String.fromCharCode(code === 32 ? 0x7f : code))
  const mixed = [
    '\n',
    '"',
    '\\',
    '\\n',
    '\\\\n',
    '"\n\\',
    '\r\n',
    '\u001b[31mred\u001b[0m',
    'a\tb',
    '"} 1\n# TYPE x gauge\nx 1',
    '# EOF\n',
    ' ',
    ' x ',
    '{}',
    '\\"',
  ]
  await expectUnchanged([...new Set([...controls, ...mixed])])
})

test('lone surrogates become U+FFFD before the lookup, so that equal strings are one row in every format', async () => {
  const { record, everywhere } = setUp()
  for (const value of ['x\ud800', 'x\udbff', 'x\udc00', 'x\ufffd', '\ud83d\ude00', '\ude00\ud83d']) record(value)
  expect(await everywhere()).toEqual([
    ['x\ufffd', undefined, 4],
    ['😀', undefined, 1],
    ['\ufffd\ufffd', undefined, 1],
  ])
})

test('BOM, line separators, non-characters, direction marks and joiners are unchanged in every format', async () => {
  await expectUnchanged([
    '\ufeff',
    '\ufeffx',
    '\u2028',
    '\u2029',
    '\u0085',
    '\ufffe',
    '\uffff',
    '\u{10ffff}',
    '\u202eabc',
    '\u200f',
    '👨‍👩‍👧‍👦',
    '\u200d',
    'e\u0301',
    'é',
    '\u00a0',
    '\u3000',
  ])
})

test('the empty string is the same row as no tag, in every format', async () => {
  const { record, everywhere } = setUp()
  for (const value of ['', undefined, null, Number.NaN]) record(value, 'x')
  record('', '')
  expect(await everywhere()).toEqual([
    [undefined, 'x', 4],
    [undefined, undefined, 1],
  ])
})

test('a value of 1 MB is cut at 256 code points, never within one, and counted once a row', async () => {
  const { record, everywhere, cut } = setUp()
  for (let n = 0; n < 3; n++) {
    record('x'.repeat(1 << 20))
    record('y'.repeat(257))
    record('😀'.repeat(1 << 19))
    record(`z${'😀'.repeat(1 << 19)}`)
    record('é'.repeat(256))
  }
  expect(await everywhere()).toEqual(
    ['x'.repeat(256), 'y'.repeat(256), '😀'.repeat(256), `z${'😀'.repeat(255)}`, 'é'.repeat(256)].map((a) => [a, undefined, 3]),
  )
  expect(cut()).toBe(4)
})

test('numbers and booleans share the row of their string, and -0 is 0', async () => {
  const { record, rows, everywhere } = setUp()
  for (const value of [200, '200', -0, 0, '0', true, 'true', false, 1e21, 0.1, -1.5, Infinity, 5e-324]) record(value)
  expect(rows()).toEqual([
    'a=200: 2',
    'a=0: 3',
    'a=true: 2',
    'a=false: 1',
    'a=1e+21: 1',
    'a=0.1: 1',
    'a=-1.5: 1',
    'a=Infinity: 1',
    'a=5e-324: 1',
  ])
  expect((await everywhere()).length).toBe(9)
})

test('a BigInt is its string, a date is refused and counted, and neither throws', () => {
  const { record, rows, dropped } = setUp()
  for (const value of [5n, 2n ** 70n, -1n, 10n ** 400n]) record(value)
  for (const value of [new Date(0), new Date(Number.NaN)]) record(value)
  expect([rows(), dropped()]).toEqual([['a=5: 1', 'a=1180591620717411303424: 1', 'a=-1: 1', `a=1${'0'.repeat(255)}: 1`], 2])
})

test('null, undefined and NaN mean that a tag is not set', async () => {
  const { record, everywhere } = setUp()
  for (const value of [null, undefined, Number.NaN]) record(value, value)
  record('null', 'undefined')
  expect(await everywhere()).toEqual([
    [undefined, undefined, 3],
    ['null', 'undefined', 1],
  ])
})

test('objects, arrays, functions and symbols are refused and counted, without calling their methods', () => {
  const { stats, record, rows, dropped } = setUp()
  let called = 0
  const call = (): string => `called ${called++}`
  const hostile = { toString: call, valueOf: call, toJSON: call, [Symbol.toPrimitive]: call, inspect: call }
  const refused = [
    hostile,
    Object.assign(() => call(), hostile),
    Object.assign([], hostile),
    [],
    ['x'],
    {},
    new Map(),
    Symbol('s'),
    Object(Symbol('s')),
    new String('x'),
    new Proxy(hostile, { get: call }),
    /x/,
    new Error('x'),
  ]
  for (const value of refused) {
    record(value)
    TagMap.of({ a: value } as unknown as Tags)
  }
  expect([called, rows(), dropped(), stats.getMetrics()]).toEqual([0, [], refused.length, []])
})

test('an array that would print as a separate line adds no line', async () => {
  const { stats, record, everywhere, dropped } = setUp()
  const forged = 'x"} 1\nevil 1'
  record([forged])
  record(forged)
  expect([dropped(), await everywhere()]).toEqual([1, [[forged, undefined, 1]]])
  expect(formatText(stats.getMetrics())).not.toMatch(/^evil/m)
})

test('values that are equal once joined stay 36 rows, in every format', async () => {
  const { record, everywhere } = setUp()
  const parts = [',', '|', '\0', '\u00ff', '","', 'a']
  const pairs = parts.flatMap((a) => parts.map((b) => [a + b, b + a] as const))
  for (const [a, b] of pairs) record(a, b)
  expect(new Set(pairs.map((pair) => JSON.stringify(pair))).size).toBe(36)
  expect(await everywhere()).toEqual(pairs.map(([a, b]) => [a, b, 1]))
})

test('names on Object.prototype are ordinary values', async () => {
  await expectUnchanged(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'])
  expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12)
})

test('JSON with __proto__ and constructor.prototype as tags pollutes no prototype', async () => {
  const { record, rows, everywhere } = setUp()
  for (const json of [
    '{"__proto__":{"a":"polluted"}}',
    '{"constructor":{"prototype":{"a":"polluted"}}}',
    '{"a":"x","__proto__":null}',
    '{"a":"__proto__"}',
  ]) {
    const tags = JSON.parse(json)
    const { stats, name } = setUp()
    stats.record(stats.getMeasure(name)!, 1, tags)
    record(TagMap.of(tags).with(tags).get('a'))
    expect([(Object.create(null) as Tags)['a'], ({} as Tags)['a'], ({} as { polluted?: string }).polluted]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  }
  expect(rows()).toEqual(['a=-: 2', 'a=x: 1', 'a=__proto__: 1'])
  await everywhere()
})

test('control characters are escaped in files, one line an item', async () => {
  const { stats, record } = setUp()
  const hostile = '\u001b[2J\r\n{"forged":true}\n\u009b31m\u0000\u2028\u007f'
  record(hostile)
  const folder = mkdtempSync(join(tmpdir(), 'tallyscope-values-'))
  try {
    const exporter = new FileExporter<Metric>({ path: join(folder, 'metrics.jsonl') })
    await exporter.export(stats.getMetrics())
    await exporter.shutdown()
    const text = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    expect(text).toMatch(/^[^\p{Cc}\u2028\u2029]+\n$/u)
    expect(JSON.parse(text).timeSeries[0].labelValues[0]).toBe(hostile)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('HTML in values, paths and queries is plain text to a browser, and no page echoes the request', async () => {
  const { stats, record, name } = setUp()
  const html = '<script>alert(1)</script>'
  record(html)
  const endpoint = await serveMetrics({ port: 0, producers: [stats] })
  try {
    const asked = [endpoint.url, `${endpoint.url}?${html}`, new URL(`/${html}`, endpoint.url), `${endpoint.url}?name[]=${html}`]
    const replies = [
      ...asked.map((url) => fetch(url, { headers: { accept: 'text/html' } })),
      fetch(endpoint.url, { method: 'POST', body: html }),
    ]
    for (const [at, reply] of (await Promise.all(replies)).entries()) {
      expect([reply.headers.get('content-type')?.split(';')[0], reply.headers.get('x-content-type-options')]).toEqual([
        'text/plain',
        'nosniff',
      ])
      const body = await reply.text()
      expect(body.includes('<script>')).toBe(at < 2)
      if (at < 2) expect(body).toContain(`${name}_total{a="${html}"} 1\n`)
    }
  } finally {
    await endpoint.close()
  }
})
