import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Exporter } from '../../src/base/exporter.js'
import { ExportCounts } from '../../src/exporters/export-counts.js'
import { ExportQueue } from '../../src/exporters/export-queue.js'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../src/exporters/otlp/otlp-trace-exporter.js'
import { PushGatewayExporter } from '../../src/exporters/prometheus/push/push-gateway-exporter.js'
import { PrometheusTextPushExporter } from '../../src/exporters/prometheus/push/text-push-exporter.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/index.js'
import { StatsdExporter } from '../../src/exporters/statsd/statsd-exporter.js'
import { selfValue } from './self-value.js'
import { receiver } from './sending/receiver.js'
import { UdpReceiver } from './statsd/udp-receiver.js'

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const refused = (exporter: string): number => selfValue('tallyscope_exporter_errors_total', exporter, 'ERR_EXPORTER_QUEUE_FULL')

test('exports run one after another, or at once, and those beyond the limit are refused and counted', async () => {
  const queue = new ExportQueue('sending', new ExportCounts('queue'), 3)
  const log: string[] = []
  const ends: (() => void)[] = []
  const run = (name: string) => async (): Promise<void> => {
    log.push(name)
    await new Promise<void>((end) => ends.push(end))
  }
  const first = queue.inOrder(run('first'))
  const second = queue.inOrder(run('second'))
  const third = queue.atOnce(run('third'))
  const full = { code: 'ERR_EXPORTER_QUEUE_FULL', retryable: true, message: 'sending failed: 3 exports have not ended' }
  await expect(queue.inOrder(run('fourth'))).rejects.toMatchObject(full)
  await expect(queue.atOnce(run('fifth'))).rejects.toMatchObject(full)
  expect(refused('queue')).toBe(2)
  expect(log).toEqual(['third', 'first'])
  for (const end of ends.splice(0)) end()
  await Promise.all([first, third])
  await vi.waitFor(() => expect(log).toEqual(['third', 'first', 'second']))
  const sixth = queue.atOnce(run('sixth'))
  const closing = queue.close(() => void log.push('closed'))
  await expect(queue.inOrder(run('seventh'))).rejects.toMatchObject({ code: 'ERR_EXPORTER_CLOSED', retryable: false })
  for (const end of ends.splice(0)) end()
  await Promise.all([second, sixth, closing, queue.close(() => void log.push('closed twice'))])
  expect(log).toEqual(['third', 'first', 'second', 'sixth', 'closed'])
})

test('a failed export does not prevent the next one, and leaves its place', async () => {
  const queue = new ExportQueue('sending', new ExportCounts('queue'), 2)
  const failing = queue.inOrder(() => Promise.reject(new Error('no')))
  const next = queue.inOrder(async () => {})
  await expect(failing).rejects.toThrow('no')
  await queue.inOrder(async () => {})
  await next
})

const EXPORTERS: readonly [string, (url: string) => Exporter<never>][] = [
  ['OtlpMetricExporter', (url) => new OtlpMetricExporter({ url })],
  ['OtlpTraceExporter', (url) => new OtlpTraceExporter({ url })],
  ['RemoteWriteExporter', (url) => new RemoteWriteExporter({ url })],
  ['PrometheusTextPushExporter', (url) => new PrometheusTextPushExporter({ url })],
  ['PushGatewayExporter', (url) => new PushGatewayExporter({ url, job: 'shop' })],
]

test.each(EXPORTERS)('%s refuses the seventeenth of its exports that have not ended, and counts it', async (name, make) => {
  const { url } = await receiver()
  await refusesTheSeventeenth(name, make(url))
})

test('StatsdExporter refuses the seventeenth of its exports that have not ended, and counts it', async () => {
  const server = await UdpReceiver.open()
  await refusesTheSeventeenth('StatsdExporter', new StatsdExporter({ port: server.port }))
  await server.close()
})

async function refusesTheSeventeenth(name: string, exporter: Exporter<never>): Promise<void> {
  const before = refused(name)
  const exports = await Promise.allSettled(Array.from({ length: 17 }, () => exporter.export([])))
  const codes = exports.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'ended'))
  expect(codes).toEqual([...Array<string>(16).fill('ended'), 'ERR_EXPORTER_QUEUE_FULL'])
  expect(refused(name)).toBe(before + 1)
  await exporter.export([])
  await exporter.shutdown?.()
}
