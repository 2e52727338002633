import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConsoleExporter, type ConsoleExporterOptions } from '../../../src/exporters/console/console-exporter.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { SpanData } from '../../../src/trace/data/span-data.js'
import { exporterContract } from '../../../src/testing/exporter-contract.js'
import { selfValue } from '../self-value.js'
import { latency, quantiles, requests, size } from '../metrics-fixture.js'

const dropped = (reason: string): number => selfValue('tallyscope_exporter_dropped_items_total', 'ConsoleExporter', reason)

class Collector extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

async function output(items: readonly unknown[], options: ConsoleExporterOptions = {}): Promise<string> {
  const stream = new Collector()
  await new ConsoleExporter({ stream, ...options }).export(items)
  return stream.text
}

const span = SpanData.from({
  name: 'check\u001b[2Jout',
  kind: 1,
  context: new SpanContext({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }),
  parentSpanId: '53ce929d0e0e4736',
  startTimeUnixMs: Date.UTC(2024, 0, 15, 10, 30, 15, 123),
  endTimeUnixMs: Date.UTC(2024, 0, 15, 10, 30, 15, 135),
  attributes: { cart: 3 },
})

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

let collector = new Collector()
for (const { name, run } of exporterContract({
  create: () => new ConsoleExporter({ stream: (collector = new Collector()), format: 'json' }),
  items: [{ a: 1 }, { b: 2 }, { c: 3 }],
  received: () => collector.text.split('\n').length - 1,
})) {
  test(name, run)
}

test('metrics are printed in a human-readable form', async () => {
  expect(await output([latency, requests, size, quantiles])).toBe(
    [
      'shop/latency [s] distribution, 2024-01-15T10:30:15.000Z: Time to answer',
      '  method=GET route=/cart  count 4, sum 0.068123, mean 0.017031 | ≤0.01: 2, ≤0.025: 1, more: 1',
      'shop/requests [1] cumulative int64, 2024-01-15T10:30:15.000Z',
      '  method=GET  12345678',
      '  method=GET who="a b=\\"c\\""  1',
      '  (all beyond the limit)  2',
      'pool/size [1] gauge double, 2024-01-15T10:30:15.000Z: Connections',
      '  (no labels)  NaN',
      'shop/wait [ms] summary, 2024-01-15T10:30:15.000Z: Waiting',
      '  (no labels)  count 3, sum 1234.57, p50 400.12, p99.9 700',
      '',
    ].join('\n'),
  )
})

test('only the first series of a metric with many are printed', async () => {
  expect(await output([requests, { ...requests, timeSeries: [] }], { maxSeries: 1 })).toBe(
    [
      'shop/requests [1] cumulative int64, 2024-01-15T10:30:15.000Z',
      '  method=GET  12345678',
      '  … and 2 more',
      'shop/requests [1] cumulative int64',
      '  (no values)',
      '',
    ].join('\n'),
  )
})

test('a span is one JSON document on one line by default', async () => {
  const text = await output([span])
  expect(text.split('\n')).toHaveLength(2)
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(span)))
})

test('a span is printed in a human-readable form', async () => {
  expect(await output([span], { format: 'pretty' })).toBe(
    [
      'Span: check\\x1b[2Jout (server) 12 ms, OK',
      '  trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7 parent 53ce929d0e0e4736',
      '  Start: 2024-01-15T10:30:15.123Z',
      '  End: 2024-01-15T10:30:15.135Z',
      '  Attributes: {"cart":3}',
      '',
    ].join('\n'),
  )
})

test('metrics in the format json are one line each', async () => {
  const lines = (await output([latency, size], { format: 'json' })).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).descriptor.name)).toEqual(['shop/latency', 'pool/size'])
  expect(lines[1]).toContain('"value":"NaN"')
})

test.each(['pretty', 'json'] as const)('control characters are escaped in the format %s', async (format) => {
  const evil = '\u001b]0;title\u0007 \u009b31m \r\n \u0000 \u202e \u2028 \u007f'
  const metric = {
    descriptor: { name: evil, description: evil, unit: evil, type: 'GAUGE_DOUBLE', labelKeys: [evil] },
    timeSeries: [{ labelValues: [evil], points: [{ timeUnixMs: 0, value: 1 }] }],
  }
  const text = await output([metric, { name: evil, spanId: evil, attributes: { [evil]: evil } }, evil], { format })
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
})

test('an item that cannot be written is left out, and the others are written', async () => {
  const broken = {
    get a() {
      throw new Error('no')
    },
  }
  const before = dropped('unserialisable')
  expect(await output([1, broken, 2n, 3])).toBe('1\n3\n')
  expect(dropped('unserialisable') - before).toBe(2)
})

test('the exporter uses the value of process.stdout at the time of the export', async () => {
  const exporter = new ConsoleExporter()
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
  await exporter.export(['item'])
  expect(write.mock.calls.map(([text]) => text)).toEqual(['"item"\n'])
})

test('a stream needs only a write function', async () => {
  const texts: string[] = []
  await new ConsoleExporter({ stream: { write: (text) => texts.push(text) } }).export([1, 2])
  expect(texts).toEqual(['1\n2\n'])
})

describe('a stream', () => {
  test('that is full is waited for', async () => {
    let take!: () => void
    const stream = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => {
        take = done
      },
    })
    let isDone = false
    const exporting = new ConsoleExporter({ stream }).export(['item']).then(() => {
      isDone = true
    })
    await new Promise(setImmediate)
    expect(isDone).toBe(false)
    take()
    await exporting
  })

  test('that accepts nothing drops items beyond a limit, counted and logged', async () => {
    const stream = new Writable({ write: () => {} })
    const exporter = new ConsoleExporter({ stream, maxBufferedBytes: 1_000 })
    const item = 'x'.repeat(600)
    for (let i = 0; i < 10; i++) void exporter.export([item])
    await new Promise(setImmediate)
    expect(stream.writableLength).toBe(2 * 603)
    expect(dropped('full')).toBe(8)
    expect(vi.mocked(process.emitWarning).mock.calls.map(([message]) => message)).toEqual([
      'exporter ConsoleExporter drops items: the stream is too slow',
    ])
  })

  test.each(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'])('whose reader has gone (%s) is no error', async (code) => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) })
    const exporter = new ConsoleExporter({ stream })
    await exporter.export([1])
    await exporter.export([2])
    await new Promise(setImmediate)
    expect(stream.listenerCount('error')).toBe(0)
  })

  test('whose reader has gone gets no item synchronously, and the error does not end the process', async () => {
    const failing = (code: string) => new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) })
    const stream = failing('EPIPE')
    const exporter = new ConsoleExporter({ stream })
    const before = dropped('gone')
    exporter.exportSync([1, 2])
    await new Promise(setImmediate)
    exporter.exportSync([3])
    exporter.flushSync()
    await new Promise(setImmediate)
    expect([dropped('gone') - before, stream.listenerCount('error')]).toEqual([3, 0])
    expect(() => new ConsoleExporter({ stream: failing('ENOSPC') }).exportSync([1])).toThrow('ENOSPC')
    await new Promise(setImmediate)
  })

  test('that fails in another way is an error, and not an uncaught one', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('full'), { code: 'ENOSPC' })) })
    await expect(new ConsoleExporter({ stream }).export([1])).rejects.toMatchObject({ code: 'ERR_CONSOLE_WRITE', retryable: false })
  })

  test('that throws is an error', async () => {
    const stream = {
      write: () => {
        throw new Error('no')
      },
    }
    await expect(new ConsoleExporter({ stream }).export([1])).rejects.toMatchObject({ code: 'ERR_CONSOLE_WRITE' })
  })

  test('has one listener during many writes, and none after', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => void setImmediate(done) })
    const exporter = new ConsoleExporter({ stream })
    const exports = Array.from({ length: 100 }, (_, i) => exporter.export([i]))
    expect(stream.listenerCount('error')).toBe(1)
    await Promise.all(exports)
    await new Promise<void>((resolve) => void stream.end(resolve))
    await new Promise(setImmediate)
    expect(stream.listenerCount('error')).toBe(0)
  })
})

test.each([{ format: 'xml' }, { maxSeries: 0 }, { maxBufferedBytes: -1 }])('the option %o is refused', (options) => {
  expect(() => new ConsoleExporter(options as never)).toThrowError(expect.objectContaining({ code: 'ERR_EXPORTER_OPTION' }))
})
