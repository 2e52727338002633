import { connect, type Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { type MetricsEndpoint, type ServeMetricsOptions, serveMetrics } from '../../../../src/exporters/prometheus/http/server.js'
import { count, distribution } from '../../../../src/stats/views/aggregation.js'
import { Stats } from '../../../../src/stats/stats.js'
import { readProtobuf } from '../format/read-protobuf.js'
import { readOpenMetrics } from '../format/strict-openmetrics-reader.js'
import { readText } from '../format/text-reader.js'

const sockets: Socket[] = []
let endpoint: MetricsEndpoint | undefined

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await endpoint?.close()
})

/** A served engine with so many rows in a distribution and a count. */
async function serve(rows: number, options: Partial<ServeMetricsOptions> = {}) {
  const stats = new Stats({ limits: { rowsPerView: rows } })
  const measure = stats.measure('m', { tagKeys: ['row'] })
  stats.viewManager.registerView({ name: 'times', measure, tagKeys: ['row'], aggregation: distribution([0.1, 0.2, 0.5, 1]) })
  stats.viewManager.registerView({ name: 'calls', measure, tagKeys: ['row'], aggregation: count() })
  for (let i = 0; i < rows; i++) stats.record(measure, i / rows, { row: `r${i}` })
  endpoint = await serveMetrics({ port: 0, producers: [stats], ...options })
  const { port, url } = endpoint
  const raw = (request: string): { closed: Promise<void>; socket: Socket } => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    socket.resume() // or its end would go unnoticed
    socket.write(request)
    return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve())) }
  }
  return { stats, measure, url, raw }
}

test('200 concurrent scrapes during recording at full speed are complete and consistent', async () => {
  const rows = 100
  const { stats, measure, url } = await serve(rows)
  let recording = true
  let recorded = rows
  const record = (): void => {
    for (let i = 0; i < 500; i++) stats.record(measure, (i % 13) / 10, { row: `r${i % rows}` })
    recorded += 500
    if (recording) setImmediate(record)
  }
  record()
  const accepts = [
    'text/plain',
    'application/openmetrics-text',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  ]
  const total = async (i: number): Promise<number> => {
    const response = await fetch(url, { headers: { accept: accepts[i % 3]!, 'accept-encoding': i % 2 === 0 ? 'gzip' : 'identity' } })
    expect(response.status).toBe(200)
    const bytes = new Uint8Array(await response.arrayBuffer())
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
    // The readers check that the last bucket is the count.
    if (i % 3 === 2)
      return sum(
        readProtobuf(bytes)
          .get('times')!
          .metric.map(({ histogram }) => histogram!.bucket.at(-1)!.cumulativeCount),
      )
    const text = Buffer.from(bytes).toString()
    const { samples } = (i % 3 === 0 ? readText(text) : readOpenMetrics(text)).get('times')!
    return sum(samples.filter(({ name }) => name === 'times_count').map(({ value }) => value))
  }
  const totals = await Promise.all(Array.from({ length: 200 }, (_, i) => total(i)))
  recording = false
  expect(Math.min(...totals)).toBeGreaterThanOrEqual(rows)
  expect(Math.max(...totals)).toBeLessThanOrEqual(recorded)
})

test('slow senders and stalled readers delay no other client, are disconnected, and leave no connection behind', async () => {
  const connections = () => process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length
  const before = connections()
  const { url, raw } = await serve(20_000, { requestTimeoutMs: 2_000, headersTimeoutMs: 1_500, sendTimeoutMs: 2_000 })
  const slow = Array.from({ length: 50 }, () => raw('GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: '))
  const stalled = Array.from({ length: 8 }, () => raw('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'))
  for (const { socket } of stalled) socket.pause()
  const durationsMs: number[] = []
  for (let i = 0; i < 5; i++) {
    const startMs = performance.now()
    const response = await fetch(`${url}?name[]=calls_total`, { headers: { connection: 'close' } })
    expect((await response.text()).split('\n')).toHaveLength(20_000 + 2)
    durationsMs.push(performance.now() - startMs)
  }
  expect(durationsMs.toSorted((a, b) => a - b)[2]).toBeLessThan(1_000)
  await Promise.all(slow.map(({ closed }) => closed))
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  for (const { socket } of stalled) socket.resume()
  await Promise.all(stalled.map(({ closed }) => closed))
  await endpoint!.close()
  await vi.waitFor(() => expect(connections()).toBeLessThanOrEqual(before + 1), 5_000) // fetch may keep one
})
