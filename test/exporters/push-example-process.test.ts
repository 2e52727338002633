import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodeBody, metricsOf, type Plain } from './otlp/read-otlp.js'
import { valuesOf, writeReceiver } from './prometheus/remote-write/strict-receiver.js'
import { receiver } from './sending/receiver.js'
import { UdpReceiver } from './statsd/udp-receiver.js'

const run = promisify(execFile)
const example = (name: string) => join(import.meta.dirname, '../../examples/push', name)

let agent: UdpReceiver
beforeEach(async () => {
  agent = await UdpReceiver.open()
})
afterEach(() => agent.close())

const attributes = (list: Plain[]) => Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue]))

test('the job pushes its spans and metrics by every protocol before it ends', async () => {
  const collector = await receiver()
  const target = await writeReceiver()
  const env = {
    PATH: process.env['PATH'] ?? '',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    REMOTE_WRITE_URL: `${target.url}/api/v1/write`,
    DD_AGENT_HOST: '127.0.0.1',
    DD_DOGSTATSD_PORT: String(agent.port),
  }
  const { stdout } = await run(process.execPath, [example('job.js')], { env, timeout: 20_000 })
  expect(stdout).toBe('done\n')

  const bodies = (path: string) => collector.requests.filter((request) => request.path === path).map(({ body }) => body)
  const [traces] = bodies('/v1/traces').map((body) => decodeBody(body, 'ExportTraceServiceRequest')['resourceSpans'][0])
  expect(attributes(traces.resource.attributes)['service.name']).toBe('nightly')
  expect(traces.scopeSpans[0].spans.map((span: Plain) => [span['name'], attributes(span['attributes'])])).toEqual(
    ['acme', 'globex', 'initech'].map((customer) => ['report', { customer }]),
  )
  const metrics = metricsOf(bodies('/v1/metrics').map((body) => decodeBody(body, 'ExportMetricsServiceRequest')))
  const rows = metrics.find(({ name }) => name === 'report/rows')!
  const ofCustomers = rows['sum'].dataPoints.map((point: Plain) => [attributes(point['attributes'])['customer'], point['asDouble']])
  expect(Object.fromEntries(ofCustomers)).toEqual({ acme: 120, globex: 4_000, initech: 31 })

  expect(target.faults).toEqual([])
  expect(valuesOf(target)['report_rows_total{customer="globex"}']).toBe(4_000)
  expect(await agent.lines()).toContain('report.rows:4000|c|#customer:globex')
})

test('main.js prints the metrics that it receives', async () => {
  const { stdout } = await run(process.execPath, [example('main.js')], { env: { PATH: process.env['PATH'] ?? '' }, timeout: 20_000 })
  expect(stdout).toMatch(/^POST \/v1\/traces: \d+ bytes of application\/x-protobuf, gzip$/m)
  expect(stdout).toMatch(/^POST \/v1\/metrics: \d+ bytes of application\/x-protobuf, gzip$/m)
  expect(stdout).toMatch(/^POST \/api\/v1\/write: \d+ bytes of application\/x-protobuf, snappy$/m)
  expect(stdout).toMatch(/^report\.rows:120\|c\|#customer:acme$/m)
  expect(stdout).toMatch(/^done$/m)
})

test('without addresses the job completes and pushes nothing', async () => {
  const { stdout, stderr } = await run(process.execPath, [example('job.js')], { env: { PATH: process.env['PATH'] ?? '' }, timeout: 20_000 })
  expect([stdout, stderr]).toEqual(['done\n', ''])
})
