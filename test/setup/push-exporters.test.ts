import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AsyncTransport } from '../../src/exporters/transport/async-transport.js'
import { SyncTransport } from '../../src/exporters/transport/sync-transport.js'
import { Stats } from '../../src/stats/stats.js'
import { sum } from '../../src/stats/views/aggregation.js'
import type { TallyscopeOptions } from '../../src/setup/tallyscope-options.js'
import { buildOtlpTraceExporter } from '../../src/setup/push-exporters.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import { SpanData } from '../../src/trace/data/span-data.js'
import { createTallyscope } from '../../src/setup/tallyscope.js'
import { decodeBody, metricsOf } from '../exporters/otlp/read-otlp.js'
import { receiver as httpReceiver } from '../exporters/sending/receiver.js'
import { valuesOf, writeReceiver } from '../exporters/prometheus/remote-write/strict-receiver.js'
import { UdpReceiver } from '../exporters/statsd/udp-receiver.js'

const SPAN = SpanData.from({ name: 'a', context: new SpanContext({ spanId: 'b7ad6b7169203331' }), startTimeUnixMs: 1, endTimeUnixMs: 2 })
let receiver: UdpReceiver
beforeEach(async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  receiver = await UdpReceiver.open()
})
afterEach(async () => {
  await receiver.close()
  vi.restoreAllMocks()
})

/** Records one value, with metrics configured to go to this exporter, and shuts down. */
async function run(exporter: string | Readonly<Record<string, object>>, env: Record<string, string> = {}): Promise<void> {
  const metrics = { exporters: [exporter], intervalMs: 60_000 }
  const scope = createTallyscope({ env, stats: new Stats(), metrics: metrics as TallyscopeOptions['metrics'] & object, prometheus: false })
  await scope.start()
  const bytes = scope.stats.measure('bytes', { tagKeys: ['route'] })
  scope.stats.viewManager.registerView({ name: 'bytes', measure: bytes, tagKeys: ['route'], aggregation: sum() })
  scope.stats.record(bytes, 7, { route: '/a' })
  await scope.shutdown()
}

const ownLines = async () => (await receiver.lines()).filter((line) => line.startsWith('bytes'))

test('statsd by a string has no tags by default', async () => {
  await run(`statsd(host=127.0.0.1, port=${receiver.port})`)
  expect(await ownLines()).toEqual(['bytes._a:7|c'])
})

test('dogstatsd reads address and tags from the variables of Datadog', async () => {
  await run('dogstatsd', { DD_AGENT_HOST: '127.0.0.1', DD_DOGSTATSD_PORT: String(receiver.port), DD_ENV: 'prod', DD_TAGS: 'team:a' })
  expect(await ownLines()).toEqual(['bytes:7|c|#team:a,env:prod,route:/a'])
})

test('an address in the options replaces that of the variables as a whole', async () => {
  await run({ dogstatsd: { port: receiver.port, tags: { env: 'own' } } }, { DD_DOGSTATSD_URL: 'unixstream:///nowhere', DD_ENV: 'prod' })
  expect(await ownLines()).toEqual(['bytes:7|c|#env:own,route:/a'])
})

test('remotewrite writes to its url', async () => {
  const target = await writeReceiver()
  await run({ remotewrite: { url: `${target.url}/api/v1/write`, job: 'shop', staleOnShutdown: false } })
  expect(target.faults).toEqual([])
  expect(valuesOf(target)['bytes_total{route="/a"}']).toBe(7)
})

test('remotewrite by a string accepts words: both kinds of histograms, and auto as version', async () => {
  const target = await writeReceiver()
  await run(`remotewrite(url=${target.url}/api/v1/write, version=auto, nativeHistograms=both, staleOnShutdown=false)`)
  expect(target.written.map(({ version }) => version)).toContain(2)
  expect(valuesOf(target)['bytes_total{route="/a"}']).toBe(7)
})

test('textpush sends the text format to its url', async () => {
  const target = await httpReceiver()
  await run({ textpush: { url: `${target.url}/api/v1/import/prometheus`, extraLabels: { job: 'shop' } } })
  expect(target.requests.map(({ path }) => path?.replace(/\d+$/, 'TIME'))).toEqual([
    '/api/v1/import/prometheus?extra_label=job%3Dshop&timestamp=TIME',
  ])
  expect(String(target.requests[0]!.body)).toContain('\nbytes_total{route="/a"} 7\n')
})

test('an invalid option is logged before the first export', async () => {
  const warn = vi.mocked(process.emitWarning)
  await run('remotewrite(url=http://127.0.0.1:1, version=never)')
  expect(warn.mock.calls.map(([text]) => text)).toContainEqual(
    'the exporter remotewrite exports nothing: version must be one of 1, 2, auto: it is "never"',
  )
})

/** Traces and measures one operation, with everything configured by these variables, and shuts down. */
async function runByVariables(env: Record<string, string>, options: TallyscopeOptions = {}): Promise<void> {
  const scope = createTallyscope({ env, stats: new Stats(), prometheus: false, ...options })
  await scope.start()
  const bytes = scope.stats.measure('bytes', { tagKeys: ['route'] })
  scope.stats.viewManager.registerView({ name: 'bytes', measure: bytes, tagKeys: ['route'], aggregation: sum() })
  scope.stats.record(bytes, 7, { route: '/a' })
  for (const name of ['one', 'two', 'three']) scope.tracer.startSpan(name).end()
  await scope.shutdown()
}

const OTLP = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'always_on', OTEL_SERVICE_NAME: 'shop' }

test('with variables of OpenTelemetry only, metrics and spans are sent by OTLP', async () => {
  const target = await httpReceiver()
  const more = { OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.2,zone=a%20b', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k' }
  await runByVariables({ ...OTLP, ...more, OTEL_EXPORTER_OTLP_ENDPOINT: target.url })
  const of = (path: string) => target.requests.filter((request) => request.path === path)
  const [traces] = of('/v1/traces')
  const spans = decodeBody(traces!.body, 'ExportTraceServiceRequest')['resourceSpans'][0]
  expect(of('/v1/traces')).toHaveLength(1)
  expect(spans.scopeSpans[0].spans.map(({ name }: { name: string }) => name)).toEqual(['one', 'two', 'three'])
  const [metrics] = of('/v1/metrics')
  const request = decodeBody(metrics!.body, 'ExportMetricsServiceRequest')
  expect(metricsOf([request]).find(({ name }) => name === 'bytes')?.['sum'].dataPoints[0].asDouble).toBe(7)
  for (const { resource } of [spans, request['resourceMetrics'][0]]) {
    const labels = Object.fromEntries(
      resource.attributes.map(({ key, value }: { key: string; value: { stringValue: string } }) => [key, value.stringValue]),
    )
    expect(labels).toMatchObject({ 'service.name': 'shop', 'service.version': '1.2', zone: 'a b', 'telemetry.sdk.name': 'tallyscope' })
  }
  expect(target.requests.map(({ headers }) => headers['api-key'])).toEqual(target.requests.map(() => 'k'))
})

test('options in code take precedence over variables: an address as a whole, headers one by one', async () => {
  const target = await httpReceiver()
  const otlp = { url: `${target.url}/own`, protocol: 'http/json', headers: { 'API-Key': 'own' } }
  const env = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1:1/no', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k,tenant=t' }
  await runByVariables(env, { metrics: { exporters: { otlp } }, traces: false })
  expect(target.requests.map(({ path, headers }) => [path, headers['content-type'], headers['api-key'], headers['tenant']])).toEqual([
    ['/own', 'application/json', 'own', 't'],
  ])
})

test('variables that cannot be read are logged and have no effect', async () => {
  const target = await httpReceiver()
  const wrong = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TIMEOUT: 'soon', OTEL_METRIC_EXPORT_TIMEOUT: 'never' }
  await runByVariables({ ...OTLP, ...wrong, OTEL_EXPORTER_OTLP_ENDPOINT: target.url })
  expect(target.requests.map(({ headers }) => headers['content-type'])).toEqual(['application/x-protobuf', 'application/x-protobuf'])
  const logged = vi.mocked(process.emitWarning).mock.calls.map(([text]) => String(text).replace(/:.*/, ''))
  expect(logged).toEqual([
    'ignored in the configuration',
    'OTEL_EXPORTER_OTLP_TIMEOUT is ignored',
    'OTEL_EXPORTER_OTLP_PROTOCOL is ignored',
  ])
})

test('spans are sent by otlp in batches according to the variables of the batch span processor', async () => {
  const target = await httpReceiver()
  const batches = { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2', OTEL_BSP_MAX_QUEUE_SIZE: 'many' }
  await runByVariables({ ...OTLP, ...batches, OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: target.url })
  const sizes = target.requests.map(
    ({ body }) => decodeBody(body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans.length,
  )
  expect(sizes).toEqual([2, 1])
  const logged = vi.mocked(process.emitWarning).mock.calls.map(([text]) => String(text))
  expect(logged).toContainEqual(expect.stringMatching(/^OTEL_BSP_MAX_QUEUE_SIZE is ignored: it must be a whole number/))
})

test('an incomplete batch is sent after the delay of its variable, by otlp and by a named transport', async () => {
  for (const env of [{}, { TALLYSCOPE_TRACES_TRANSPORT: 'async' }]) {
    let arrived = (): void => {}
    const sent = new Promise<void>((resolve) => (arrived = resolve))
    const target = await httpReceiver((response) => {
      response.end()
      arrived()
    })
    const variables = {
      ...OTLP,
      ...env,
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: target.url,
      OTEL_BSP_SCHEDULE_DELAY: '0',
    }
    const scope = createTallyscope({ env: variables, stats: new Stats(), prometheus: false })
    await scope.start()
    scope.tracer.startSpan('one').end()
    await sent
    await scope.shutdown()
    expect(target.requests).toHaveLength(1)
  }
})

test('the shorter of both time limits is that of a request, and the transport waits a second longer', async () => {
  const target = await httpReceiver(() => {})
  const build = (batches: object, options: object = {}) =>
    buildOtlpTraceExporter({ endpoint: target.url, ...options }, { env: {}, resource: { labels: {} }, batches })
  expect(build({}).transport).toEqual({ waitPeriodMs: 5_000, maxBatchSize: 512, exportTimeoutMs: 11_000 })
  expect(build({ exportTimeoutMs: 30_000 }).transport.exportTimeoutMs).toBe(11_000)
  expect(build({ exportTimeoutMs: 700 }, { timeoutMs: 300 }).transport.exportTimeoutMs).toBe(1_300)
  const { exporter, transport } = build({ exportTimeoutMs: 20 })
  expect(transport.exportTimeoutMs).toBe(1_020)
  await expect(exporter.export([SPAN])).rejects.toMatchObject({ code: 'ERR_OTLP_FAILED', retryable: true })
  await exporter.shutdown?.()
})

test('the transport of spans by otlp waits longer than the exporter, unless another transport is named', async () => {
  const transport = (traces: TallyscopeOptions['traces'], env: Record<string, string> = {}) =>
    createTallyscope({ env, stats: new Stats(), traces: traces as TallyscopeOptions['traces'] & object }).tracer.transport
  expect(transport({ exporters: 'otlp' })).toBeInstanceOf(AsyncTransport)
  expect(transport({ exporters: 'otlp', transport: 'sync' })).toBeInstanceOf(SyncTransport)
  expect(transport({ exporters: 'otlp(transport=sync)' })).toBeInstanceOf(SyncTransport)
  expect(transport({ exporters: 'memory' })).toBeInstanceOf(SyncTransport)
})

test('otlp has no options of metrics for traces, and metrics have no transport', () => {
  const create = () =>
    createTallyscope({ env: {}, traces: { exporters: 'otlp(temporality=delta)' }, metrics: { exporters: 'otlp(transport=sync)' } })
  expect(create).toThrow(/traces\.exporters: otlp has no temporality for traces[^]*metrics\.exporters: metrics have no transport/)
})
