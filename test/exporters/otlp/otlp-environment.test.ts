import { expect, test } from 'vitest'
import { otlpOptionsFromEnvironment } from '../../../src/exporters/otlp/otlp-environment.js'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../../src/exporters/otlp/otlp-trace-exporter.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { SpanData } from '../../../src/trace/data/span-data.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { receiver } from '../sending/receiver.js'

/** Variables by the ends of their names. */
const variables = (env: Record<string, string>) =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]))
const read = (env: Record<string, string>, signal: 'metrics' | 'traces' = 'metrics') => otlpOptionsFromEnvironment(variables(env), signal)
const SPAN = SpanData.from({ name: 'a', context: new SpanContext({ spanId: 'b7ad6b7169203331' }), startTimeUnixMs: 1, endTimeUnixMs: 2 })
const problems = (env: Record<string, string>) => read(env).problems.map(({ variable, problem }) => `${variable}: ${problem}`)

test('missing and empty variables set no options', () => {
  expect(read({})).toEqual({ options: {}, problems: [] })
  expect(read({ ENDPOINT: '', METRICS_ENDPOINT: ' ', HEADERS: '', TIMEOUT: ' ', CLIENT_KEY: '' })).toEqual({ options: {}, problems: [] })
})

test('every variable sets an option that the exporters accept', () => {
  const env = { ENDPOINT: 'http://collector:4318', HEADERS: 'a=b', TIMEOUT: '3000', PROTOCOL: 'http/json', COMPRESSION: 'none' }
  const common = { endpoint: 'http://collector:4318', headers: { a: 'b' }, timeoutMs: 3_000, protocol: 'http/json', compression: 'none' }
  const histograms = { METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram' }
  const all = { ...env, ...histograms, METRICS_TEMPORALITY_PREFERENCE: 'DELTA' }
  const metrics = read(all)
  expect(metrics).toEqual({ options: { ...common, temporality: 'delta', histograms: 'exponential' }, problems: [] })
  expect(read(all, 'traces')).toEqual({ options: common, problems: [] })
  expect(() => new OtlpMetricExporter(metrics.options)).not.toThrow()
  expect(() => new OtlpTraceExporter(read(all, 'traces').options)).not.toThrow()
  const files = { CERTIFICATE: '/ca.pem', CLIENT_CERTIFICATE: '/cert.pem', CLIENT_KEY: '/key.pem' }
  expect(read(files).options).toEqual({ ca: '/ca.pem', cert: '/cert.pem', key: '/key.pem' })
})

test.each([
  ['METRICS_TEMPORALITY_PREFERENCE', 'lowmemory', { temporality: 'lowMemory' }],
  ['METRICS_TEMPORALITY_PREFERENCE', 'Cumulative', { temporality: 'cumulative' }],
  ['METRICS_DEFAULT_HISTOGRAM_AGGREGATION', 'explicit_bucket_histogram', { histograms: 'explicit' }],
  ['PROTOCOL', 'HTTP/Protobuf', { protocol: 'http/protobuf' }],
  ['COMPRESSION', 'GZIP', { compression: 'gzip' }],
])('%s may be %s', (name, value, options) => {
  expect(read({ [name]: value })).toEqual({ options, problems: [] })
})

test('a variable of one signal takes precedence for that signal only', () => {
  const env = {
    TIMEOUT: '1000',
    METRICS_TIMEOUT: '2000',
    PROTOCOL: 'http/json',
    METRICS_PROTOCOL: 'http/protobuf',
    TRACES_COMPRESSION: 'none',
  }
  expect(read(env).options).toEqual({ timeoutMs: 2_000, protocol: 'http/protobuf' })
  expect(read(env, 'traces').options).toEqual({ timeoutMs: 1_000, protocol: 'http/json', compression: 'none' })
})

test('headers of both variables are merged, with case-insensitive names and decoded values that may contain =', () => {
  const env = { HEADERS: 'Api-Key=general, tenant = a%20b ,,authorization=Basic dTpw==', METRICS_HEADERS: 'api-key=own' }
  expect(read(env).options.headers).toEqual({ 'api-key': 'own', tenant: 'a b', authorization: 'Basic dTpw==' })
  expect(read(env, 'traces').options.headers).toEqual({ 'api-key': 'general', tenant: 'a b', authorization: 'Basic dTpw==' })
  expect(read(env).problems).toEqual([])
})

test.each([
  [{ ENDPOINT: '/' }, ['/v1/metrics', '/v1/traces']],
  [{ ENDPOINT: '/otlp' }, ['/otlp/v1/metrics', '/otlp/v1/traces']],
  [{ ENDPOINT: '/otlp/' }, ['/otlp/v1/metrics', '/otlp/v1/traces']],
  [{ METRICS_ENDPOINT: '/as/it/is/', TRACES_ENDPOINT: '' }, ['/as/it/is/', '/']],
  [{ METRICS_ENDPOINT: '/m?tenant=a', ENDPOINT: '/' }, ['/m?tenant=a', '/v1/traces']],
])('the endpoint %j results in the paths %j', async (paths, expected) => {
  const { url, requests } = await receiver()
  const env = variables(Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, `${url}${path}`])))
  const metrics = new OtlpMetricExporter(otlpOptionsFromEnvironment(env, 'metrics').options)
  await metrics.export([metric({ name: 'a', type: 'GAUGE_DOUBLE' }, [[], 1])])
  await metrics.shutdown()
  const traces = new OtlpTraceExporter(otlpOptionsFromEnvironment(env, 'traces').options)
  await traces.export([SPAN])
  await traces.shutdown()
  expect(requests.map(({ path }) => path)).toEqual(expected)
})

test('an invalid variable is reported, and the common variable or the default applies', () => {
  expect(problems({ PROTOCOL: 'grpc' })).toEqual([
    'OTEL_EXPORTER_OTLP_PROTOCOL: gRPC is not supported: use http/protobuf, which is usually served on port 4318',
  ])
  expect(problems({ METRICS_PROTOCOL: 'thrift' })).toEqual([
    'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: it must be one of http/protobuf, http/json: it is "thrift"',
  ])
  expect(problems({ TIMEOUT: '0' })).toEqual([
    'OTEL_EXPORTER_OTLP_TIMEOUT: it must be a number of milliseconds from 1 to 2147483647: it is "0"',
  ])
  for (const text of ['-1', '1s', '1e3', '2147483648']) expect(read({ TIMEOUT: text }).options).toEqual({})
  expect(read({ METRICS_TIMEOUT: 'soon', TIMEOUT: '5' })).toMatchObject({ options: { timeoutMs: 5 }, problems: [{}] })
  expect(read({ METRICS_ENDPOINT: 'collector', ENDPOINT: 'http://c' })).toMatchObject({ options: { endpoint: 'http://c' }, problems: [{}] })
  expect(problems({ METRICS_TEMPORALITY_PREFERENCE: 'constructor' })).toEqual([
    'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: it must be one of cumulative, delta, lowmemory: it is "constructor"',
  ])
  expect(read({ CLIENT_KEY: '/key.pem' })).toMatchObject({ options: {}, problems: [{ variable: 'OTEL_EXPORTER_OTLP_CLIENT_KEY' }] })
})

test.each(['localhost:4317', 'collector:4318', '//collector', 'ftp://collector', 'http//collector', 'http://user:%ff@collector'])(
  'the endpoint %s is ignored',
  (endpoint) => {
    const { options, problems } = read({ ENDPOINT: endpoint })
    expect(options).toEqual({})
    expect(problems).toEqual([{ variable: 'OTEL_EXPORTER_OTLP_ENDPOINT', problem: 'it must be an absolute http:// or https:// URL' }])
  },
)

test('the port of gRPC is used with a warning', () => {
  const { options, problems } = read({ ENDPOINT: 'http://collector:4317' })
  expect(options).toEqual({ endpoint: 'http://collector:4317' })
  expect(problems).toEqual([
    { variable: 'OTEL_EXPORTER_OTLP_ENDPOINT', problem: 'port 4317 is usually for gRPC: OTLP over HTTP uses 4318' },
  ])
})

test('an invalid header is left out, the others stay, and no value is shown', () => {
  const { options, problems } = read({ HEADERS: 'a=1,s3cret,user-agent=s3cret,b=s3cret%0Ax,c=s3cret%,d=2,=s3cret' })
  expect(options).toEqual({ headers: { a: '1', d: '2' } })
  expect(problems).toHaveLength(5)
  expect(JSON.stringify(problems)).not.toContain('s3cret')
})
