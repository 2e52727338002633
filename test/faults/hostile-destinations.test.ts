import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../src/exporters/otlp/otlp-trace-exporter.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/remote-write-exporter.js'
import { PushGatewayExporter } from '../../src/exporters/prometheus/push/push-gateway-exporter.js'
import { StatsdExporter } from '../../src/exporters/statsd/statsd-exporter.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import { SpanData } from '../../src/trace/data/span-data.js'
import { metric } from '../exporters/prometheus/format/metric-samples.js'
import { rawReceiver, receiver } from '../exporters/sending/receiver.js'

const SECRET = 'S3cr3t-of-the-house'
const metrics = [metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])]
const span = SpanData.from({
  name: 'one',
  context: new SpanContext({ spanId: 'b7ad6b7169203331' }),
  startTimeUnixMs: 1e12,
  endTimeUnixMs: 1e12 + 1,
})

type Way = 'OTLP metrics' | 'OTLP spans' | 'remote write' | 'Pushgateway'
const WAYS: readonly Way[] = ['OTLP metrics', 'OTLP spans', 'remote write', 'Pushgateway']
const headers = { authorization: `Basic ${Buffer.from(`me:${SECRET}`).toString('base64')}`, 'x-key': `${SECRET}-of-the-header` }

let folder: string
let warnings: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'))
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
  vi.restoreAllMocks()
})

/** Exports once to that address, and returns what the error says; empty if there is none. */
async function exported(way: Way, url: string): Promise<string> {
  const exporting = (): Promise<unknown> => {
    switch (way) {
      case 'OTLP metrics':
        return new OtlpMetricExporter({ url, headers, timeoutMs: 1_000 }).exportFamilies(metrics, { timeoutMs: 1_500 } as never)
      case 'OTLP spans':
        return new OtlpTraceExporter({ url, headers, timeoutMs: 1_000 }).export([span])
      case 'remote write':
        return new RemoteWriteExporter({ url, headers, timeoutMs: 1_000 }).exportFamilies(metrics, { timeoutMs: 1_500 } as never)
      case 'Pushgateway':
        return new PushGatewayExporter({ url, job: 'job', headers, timeoutMs: 1_000 }).export(metrics)
    }
  }
  return exporting().then(
    () => '',
    (error: Error) => error.message,
  )
}

/** No secret, no line of its own, no control character, and short. */
function expectClean(message: string): void {
  expect(message).not.toContain(SECRET)
  expect(message).not.toMatch(/[\p{Cc}\u2028\u202e]/u)
  expect(message.length).toBeLessThan(2_000)
}

describe.each(WAYS)('a destination of %s', (way) => {
  test('that repeats secrets of its address or of the headers causes no error that contains them', async () => {
    const answers: ((response: ServerResponse, received: { path: string | undefined; headers: object }) => void)[] = [
      (response, received) => response.writeHead(400).end(JSON.stringify(received)),
      (response, received) => response.writeHead(400).end(JSON.stringify(received).repeat(100)),
      // What is read ends inside of the secret.
      (response) => response.writeHead(400).end(`${SECRET}-of-the-header`.repeat(1_000)),
      (response) => response.writeHead(400).end(`me:${SECRET}\u001b[2J\n2026-11-27 INFO fine\u202e`.repeat(300)),
      (response) => response.writeHead(307, { location: `http://me:${SECRET}@127.0.0.1:1/${SECRET}?key=${SECRET}` }).end(),
    ]
    for (const answer of answers) {
      const { url, requests } = await receiver((response, _n, received) => answer(response, received))
      const message = await exported(way, `${url.replace('//', `//me:${SECRET}@`)}/v1?api-key=${SECRET}-of-the-query`)
      expect(message).toContain(new URL(url).host)
      expectClean(message)
      expect(new Set(requests.map(({ path }) => path)).size).toBe(1)
    }
    for (const warning of warnings) expectClean(warning)
  })

  test('that sends a compressed bomb, endless headers or an endless body causes a failure, in time and with little memory', async () => {
    const bomb = gzipSync(Buffer.alloc(256 << 20))
    gc!()
    const before = process.memoryUsage()
    const { url } = await receiver((response) => void response.writeHead(400, { 'content-encoding': 'gzip' }).end(bomb))
    const endless = await rawReceiver((socket) => {
      const more = (): void => {
        while (socket.write('x-more: '.padEnd(1_000, 'x') + '\r\n'));
      }
      socket.on('drain', more)
      socket.once('data', () => (socket.write('HTTP/1.1 400 No\r\n'), more()))
    })
    const informing = await rawReceiver((socket) => {
      const more = (): void => {
        while (socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'));
      }
      socket.on('drain', () => setTimeout(more, 10))
      socket.once('data', more)
    })
    for (const destination of [url, endless, informing]) {
      const startMs = performance.now()
      const message = await exported(way, destination)
      expect(message).not.toBe('')
      expectClean(message)
      expect(performance.now() - startMs).toBeLessThan(10_000)
    }
    gc!()
    const after = process.memoryUsage()
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(30_000_000)
  }, 60_000)

  test('cannot get headers with line breaks', async () => {
    const smuggled = { 'x-a': 'b\r\nx-evil: 1' }
    const make = {
      'OTLP metrics': () => new OtlpMetricExporter({ url: 'http://127.0.0.1:1', headers: smuggled }),
      'OTLP spans': () => new OtlpTraceExporter({ url: 'http://127.0.0.1:1', headers: smuggled }),
      'remote write': () => new RemoteWriteExporter({ url: 'http://127.0.0.1:1', headers: smuggled }),
      Pushgateway: () => new PushGatewayExporter({ url: 'http://127.0.0.1:1', job: 'job', headers: smuggled }),
    }[way]
    expect(make).toThrow(/headers must be valid for HTTP: "x-a"/)
  })
})

test('a pipe, a device or a long file in place of a certificate is refused at once', () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const long = join(folder, 'long')
  writeFileSync(long, Buffer.alloc((4 << 20) + 1))
  for (const ca of [pipe, '/dev/zero', long, folder]) {
    expect(() => new OtlpMetricExporter({ url: 'https://127.0.0.1:1', ca }), ca).toThrow(/ca must be PEM or a file that can be read/)
  }
})

test('an error about a key that is not PEM does not contain the key', () => {
  const file = join(folder, 'key')
  writeFileSync(file, SECRET)
  for (const key of [SECRET, `${SECRET}${'x'.repeat(5_000)}`, file]) {
    const attempt = (): unknown => new OtlpMetricExporter({ url: 'https://127.0.0.1:1', cert: '-----BEGIN X', key })
    expect(attempt).toThrow(/key must be PEM/)
    expect(attempt).not.toThrow(SECRET)
  }
})

test('a path of a socket that the system would truncate is refused', () => {
  const path = join('/', 'x'.repeat(120), 'dsd.socket')
  expect(() => new StatsdExporter({ path })).toThrow(/path must have at most 10[37] bytes/)
})
