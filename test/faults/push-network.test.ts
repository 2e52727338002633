import type { Socket } from 'node:net'
import { createServer as createSecureServer } from 'node:https'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ExportError } from '../../src/base/errors.js'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { PrometheusTextPushExporter } from '../../src/exporters/prometheus/push/text-push-exporter.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/index.js'
import type { SenderOptions } from '../../src/exporters/sending/sender-options.js'
import type { FamilyExporter } from '../../src/metrics/data/family-exporter.js'
import { metric } from '../exporters/prometheus/format/metric-samples.js'
import { selfValue } from '../exporters/self-value.js'
import { Authority } from '../exporters/sending/certificates.js'
import { closedUrl, listening, openConnections, rawReceiver } from '../exporters/sending/receiver.js'

const EXPORTERS: Readonly<Record<string, (url: string, options: SenderOptions) => FamilyExporter>> = {
  OtlpMetricExporter: (endpoint, options) => new OtlpMetricExporter({ endpoint, ...options }),
  RemoteWriteExporter: (url, options) => new RemoteWriteExporter({ url: `${url}/api/v1/write`, metadata: false, ...options }),
  PrometheusTextPushExporter: (url, options) => new PrometheusTextPushExporter({ url: `${url}/import`, ...options }),
}
const EXPORT_MS = 1_500
/** The first pause is 800 ms long then, the second would end after the export must. */
const FIRST_PAUSE_SHORT = { random: () => 0 }

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
const dropped = (name: string, reason: string): number => selfValue('tallyscope_exporter_dropped_items_total', name, reason)
const requests = (name: string, outcome: string): number => selfValue('tallyscope_exporter_requests_total', name, outcome)

/** A receiver that treats each connection so, and how many there were. */
async function broken(onConnection: (socket: Socket) => void): Promise<{ url: string; connections: () => number }> {
  let count = 0
  const url = await rawReceiver((socket) => {
    count++
    onConnection(socket)
  })
  return { url, connections: () => count }
}

const secure = async (): Promise<{ url: string; connections: () => number }> => {
  let count = 0
  const server = createSecureServer(new Authority().issue('127.0.0.1'), (_, response) => void response.end())
  server.on('tlsClientError', () => {})
  server.on('connection', () => count++)
  return { url: (await listening(server)).replace('http:', 'https:'), connections: () => count }
}

const answering = (text: string, after: (socket: Socket) => void): ((socket: Socket) => void) => {
  return (socket) =>
    void socket.once('data', () => {
      socket.write(text)
      after(socket)
    })
}

/** Sends a byte of an endless header now and then. */
function drip(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nx-slow: ')
  const timer = setInterval(() => socket.write('a'), 50)
  socket.once('close', () => clearInterval(timer))
}

/** Without reading it would not hear that the other side is gone. */
function readLate(socket: Socket): void {
  socket.pause()
  setTimeout(() => socket.resume(), EXPORT_MS / 2)
}

const half = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'

const BROKEN: readonly [string, () => Promise<{ url: string; connections?: () => number }>, 'network' | 'timeout'][] = [
  ['refuses connections', async () => ({ url: await closedUrl() }), 'network'],
  ['has no address', async () => ({ url: 'http://nowhere.invalid' }), 'network'],
  ['has a certificate of an unknown authority', secure, 'network'],
  ['resets each connection', () => broken((socket) => void socket.resetAndDestroy()), 'network'],
  ['hangs up at each request', () => broken((socket) => void socket.once('data', () => socket.end())), 'network'],
  ['speaks another protocol', () => broken((socket) => void socket.resume().end('220 mail.example ESMTP\r\n')), 'network'],
  ['reads and never answers', () => broken((socket) => void socket.resume()), 'timeout'],
  ['takes the connection and reads nothing', () => broken(readLate), 'timeout'],
  ['sends its answer a byte at a time', () => broken((socket) => void socket.once('data', () => drip(socket))), 'timeout'],
]
test.each(BROKEN)('a receiver that %s is retried until the export times out, and leaves nothing behind', async (_, make, outcome) => {
  const timersBefore = timers()
  const outcomes = await Promise.all(
    Object.entries(EXPORTERS).map(async ([name, create]) => {
      const { url, connections } = await make()
      const exporter = create(url, { ...FIRST_PAUSE_SHORT, timeoutMs: 300 })
      const before = { dropped: dropped(name, 'deadline'), tries: requests(name, outcome) }
      const beganMs = performance.now()
      const context = { timeUnixMs: Date.now(), timeoutMs: EXPORT_MS, signal: new AbortController().signal, isLast: false }
      const families = [metric({ name: 'depth', type: 'GAUGE_INT64' }, [[], 1])]
      const exporting = async (): Promise<void> => exporter.exportFamilies(families, context)
      const error = await exporting().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      const tookMs = performance.now() - beganMs
      await exporter.shutdown?.()
      return {
        name,
        isRetryable: error instanceof ExportError && error.retryable,
        isInTime: tookMs < EXPORT_MS + 5_000,
        tries: requests(name, outcome) - before.tries,
        connections: connections?.() ?? 2,
        dropped: dropped(name, 'deadline') - before.dropped,
      }
    }),
  )
  expect(outcomes).toEqual(
    Object.keys(EXPORTERS).map((name) => ({ name, isRetryable: true, isInTime: true, tries: 2, connections: 2, dropped: 1 })),
  )
  await expect.poll(openConnections).toBe(0)
  await expect.poll(timers).toBeLessThanOrEqual(timersBefore)
})

const CUT: readonly [string, (socket: Socket) => void][] = [
  ['resets', (socket) => void setTimeout(() => socket.resetAndDestroy(), 20)],
  ['hangs up', (socket) => void socket.end()],
  ['never ends', () => {}],
]
test.each(CUT)('a receiver that %s in the middle of a response has accepted or refused by its status, once', async (_, after) => {
  for (const [name, create] of Object.entries(EXPORTERS)) {
    for (const [status, isAccepted] of [
      ['200 OK', true],
      ['400 Bad Request', false],
    ] as const) {
      const { url, connections } = await broken(answering(half.replace('200 OK', status), after))
      const exporter = create(url, { timeoutMs: 300 })
      const [refused, deadline] = [dropped(name, 'refused'), dropped(name, 'deadline')]
      const exporting = exporter.export([metric({ name: 'depth', type: 'GAUGE_INT64' }, [[], 1])])
      if (isAccepted) await exporting
      else await expect(exporting).rejects.toMatchObject({ retryable: false })
      expect([connections(), dropped(name, 'refused') - refused, dropped(name, 'deadline') - deadline], name).toEqual([
        1,
        isAccepted ? 0 : 1,
        0,
      ])
      await exporter.shutdown?.()
    }
  }
  await expect.poll(openConnections).toBe(0)
})

test('the connection to a receiver that closes its side is closed after the response, and no request is lost', async () => {
  // It answers, ends its half of the connection, and keeps the other half open.
  for (const [name, create] of Object.entries(EXPORTERS)) {
    const { url, connections } = await broken((socket) => {
      socket.allowHalfOpen = true
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
    })
    const exporter = create(url, {})
    const [again, network] = [requests(name, 'again'), requests(name, 'network')]
    for (let i = 0; i < 3; i++) await exporter.export([metric({ name: 'depth', type: 'GAUGE_INT64' }, [[], i])])
    expect([requests(name, 'again'), requests(name, 'network')], name).toEqual([again, network])
    expect(connections(), name).toBeGreaterThanOrEqual(3)
    await exporter.shutdown?.()
  }
  await expect.poll(openConnections).toBe(0)
})

test('a response after the time-out is not mistaken for that of the next request', async () => {
  for (const create of Object.values(EXPORTERS)) {
    let n = 0
    const { url } = await broken((socket) => {
      const status = n++ === 0 ? '400 Bad Request' : '200 OK'
      const delayMs = n === 1 ? 250 : 0
      socket.once('data', () => setTimeout(() => socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`), delayMs))
    })
    const exporter = create(url, { ...FIRST_PAUSE_SHORT, timeoutMs: 150 })
    const context = { timeUnixMs: Date.now(), timeoutMs: EXPORT_MS, signal: new AbortController().signal, isLast: false }
    await exporter.exportFamilies([metric({ name: 'depth', type: 'GAUGE_INT64' }, [[], 1])], context)
    await exporter.shutdown?.()
  }
  await expect.poll(openConnections).toBe(0)
})
