import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Encoder } from '../../src/exporters/prometheus/format/encoder.js'
import { type MetricsEndpoint, type ServeMetricsOptions, serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import { producer } from '../exporters/prometheus/format/metric-samples.js'
import { selfValue } from '../exporters/self-value.js'
import { get, RawClient } from './raw-client.js'

const DOCUMENT = '# TYPE secret_gauge gauge\nsecret_gauge 1\n'
const open: MetricsEndpoint[] = []
beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(open.splice(0).map((endpoint) => endpoint.close()))
})

/** One gauge from a registry, and whatever else is given, behind a real server. */
async function serve({ producers = [], ...options }: Partial<ServeMetricsOptions> = {}): Promise<MetricsEndpoint> {
  const registry = new MetricRegistry()
  registry.gauge('secret_gauge').defaultTimeSeries().set(1)
  const endpoint = await serveMetrics({ port: 0, producers: [registry, ...producers], selfMetrics: false, ...options })
  open.push(endpoint)
  return endpoint
}

/** What came back for these bytes, once the server has closed the connection. */
async function sent(port: number, request: string): Promise<RawClient> {
  const client = new RawClient(port, request)
  await client.closed
  return client
}

const bodyOf = ({ received }: RawClient): string => received.slice(received.indexOf('\r\n\r\n') + 4)
const hung = (name: string): MetricProducer => producer(() => new Promise<Metric[]>(() => {}), name)

test('HEAD has the headers of GET and no body', async () => {
  const { port } = await serve()
  const whole = await sent(port, get())
  const head = await sent(port, get().replace('GET', 'HEAD'))
  const headers = ({ received }: RawClient) =>
    received
      .slice(0, received.indexOf('\r\n\r\n'))
      .split('\r\n')
      .filter((line) => !/^(date|content-length):/i.test(line))
  expect(headers(head)).toEqual(headers(whole)) // its length is not known without gathering
  expect([bodyOf(whole), bodyOf(head)]).toEqual([DOCUMENT, ''])
})

test('methods other than GET and HEAD get 405 with an Allow header, and no document', async () => {
  const { port } = await serve()
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE']) {
    const client = await sent(port, get('X-Reflected: no').replace('GET', method))
    expect(client.statuses, method).toEqual([405])
    expect(client.received).toMatch(/^allow: GET, HEAD\r$/im)
    expect(client.received).not.toMatch(/secret|reflected/i)
  }
  for (const method of ['CONNECT', 'get', 'G\tET', 'FOO']) {
    const client = await sent(port, get().replace('GET', method))
    expect(client.received, method).not.toContain('secret')
  }
})

test('any Accept header that Node allows is answered with 200, a longer one with 431', async () => {
  const { port } = await serve()
  const accepts = [
    'x'.repeat(15_000),
    Array.from({ length: 700 }, (_, at) => `a/b${at};q=0.${at % 10}`).join(','),
    '"'.repeat(15_000),
    'text/plain;'.repeat(1_300),
    '\xe9\xff\x80;q=\xbd',
    ',;=",',
    'text/plain;q=-1',
    '*/*;q=0',
    'application/json',
  ]
  for (const accept of accepts) {
    const client = await sent(port, get(`Accept: ${accept}`))
    expect(client.statuses, accept.slice(0, 40)).toEqual([200])
    expect(client.received).toContain('text/plain; version=0.0.4; charset=utf-8')
    expect(bodyOf(client)).toBe(DOCUMENT)
  }
  expect((await sent(port, get(`Accept: ${'x'.repeat(20_000)}`))).statuses).toEqual([431])
  expect((await sent(port, get())).statuses).toEqual([200])
})

test('a path traversal gets 404 and no content of the disk or the metrics', async () => {
  const { port } = await serve()
  const paths = [
    '/../../../../etc/passwd',
    '/metrics/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/metrics%00',
    '/metrics%00.html',
    '//metrics',
    '/metrics//',
    '/./metrics',
    '/%6detrics',
    '/metrics;x',
    '/\\..\\..\\windows',
    `/${'x'.repeat(4_096)}`,
    'http://example.org/other',
    '*',
    '/%',
    '/%zz',
  ]
  for (const path of paths) {
    const client = await sent(port, get().replace('/metrics', path))
    expect(client.statuses, path.slice(0, 40)).toEqual([404])
    expect(client.received).not.toMatch(/secret|root:/)
    expect(client.received).not.toContain('passwd')
  }
  for (const path of ['/metrics\0', '/met rics', 'metrics', '']) {
    const client = await sent(port, get().replace('/metrics', path))
    expect(client.statuses, path).not.toEqual([200])
    expect(client.received).not.toContain('secret')
  }
  expect((await sent(port, get().replace('/metrics', `http://127.0.0.1:${port}/metrics`))).statuses).toEqual([200])
})

test('clients that accept gzip get a complete compressed body, with a Vary header', async () => {
  const { port } = await serve()
  const zipped = (header: string) => /^(gzip|x-gzip;q=0\.5|\*|gzip, deflate, br|GZIP)$/.test(header)
  for (const header of [
    'gzip',
    'x-gzip;q=0.5',
    '*',
    'gzip, deflate, br',
    'GZIP',
    'gzip;q=0',
    'identity',
    'br',
    '',
    ';;,',
    '*;q=0',
    'gzip;q=2',
  ]) {
    const client = await sent(port, get(`Accept-Encoding: ${header}`))
    expect(client.statuses, header).toEqual([200])
    expect(client.received).toMatch(/^vary: Accept, Accept-Encoding\r$/im)
    expect(/^content-encoding: gzip\r$/im.test(client.received), header).toBe(zipped(header))
    const body = Buffer.from(bodyOf(client), 'latin1')
    expect(String(zipped(header) ? gunzipSync(body) : body)).toBe(DOCUMENT)
  }
})

test('a guard that throws, rejects, hangs or returns anything but true refuses every request', async () => {
  const guards: [unknown, number][] = [
    [() => Promise.reject(new Error('password=hunter2')), 500],
    [() => ({ toString: () => 'true' }), 403],
    [() => 1, 403],
    [() => undefined, 403],
    [() => new Promise(() => {}), 503],
    [
      () => {
        throw new Error('password=hunter2')
      },
      500,
    ],
  ]
  for (const [guard, status] of guards) {
    const { port } = await serve({ guard: guard as NonNullable<ServeMetricsOptions['guard']>, gatherTimeoutMs: 100 })
    const client = await sent(port, get())
    expect(client.statuses).toEqual([status])
    expect(client.received).not.toMatch(/secret|hunter2/)
  }
})

test('tokens must be equal, not only similar', async () => {
  const { port } = await serve({ bearerToken: 'correct-horse' })
  const wrong = [
    '',
    'Bearer',
    'Bearer correct-hors',
    'Bearer correct-horsee',
    'Basic correct-horse',
    'Bearer correct-horse x',
    `Bearer ${'x '.repeat(7_000)}`,
  ]
  for (const authorization of wrong) {
    const client = await sent(port, get(`Authorization: ${authorization}`))
    expect(client.statuses, authorization.slice(0, 40)).toEqual([401])
    expect(client.received).not.toMatch(/secret|correct/)
  }
  expect((await sent(port, get('Authorization: Bearer correct-horse'))).statuses).toEqual([200])
})

test('without the option host only this machine can connect', async () => {
  const { port, url } = await serve()
  expect(url).toBe(`http://127.0.0.1:${port}/metrics`)
  const { networkInterfaces } = await import('node:os')
  const others = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  for (const { address, internal, family } of others) {
    if (internal || family !== 'IPv4') continue
    await expect(fetch(`http://${address}:${port}/metrics`)).rejects.toThrow()
  }
})

test('a port in use is reported to the caller only', async () => {
  const { port } = await serve()
  await expect(serve({ port })).rejects.toMatchObject({ name: 'TallyscopeError', code: 'ERR_SERVER_LISTEN' })
  expect((await sent(port, get())).statuses).toEqual([200])
})

test('a throwing producer omits only its own families, and is counted', async () => {
  const broken = [
    producer(() => {
      throw new Error('no')
    }, 'throwing producer'),
    producer(() => Promise.reject(new Error('no')), 'rejecting producer'),
    producer(() => 7 as never, 'lying producer'),
  ]
  const { port } = await serve({ producers: broken })
  const client = await sent(port, get())
  expect(client.statuses).toEqual([200])
  expect(bodyOf(client)).toBe(DOCUMENT)
  const failures = (name: string, reason: string) => selfValue('tallyscope_producer_failures_total', name, reason)
  expect([failures('throwing producer', 'throw'), failures('rejecting producer', 'reject'), failures('lying producer', 'invalid')]).toEqual(
    [1, 1, 1],
  )
})

test('a derived gauge whose callback throws omits only its own series', async () => {
  const registry = new MetricRegistry()
  registry.derivedGauge('broken_gauge').observe(() => {
    throw new Error('no')
  })
  registry.derivedGauge('whole_gauge').observe(() => 2)
  const { port } = await serve({ producers: [registry] })
  const client = await sent(port, get())
  expect(client.statuses).toEqual([200])
  expect(bodyOf(client)).toBe(`${DOCUMENT}# TYPE whole_gauge gauge\nwhole_gauge 2\n`)
  expect(selfValue('tallyscope_derived_failures_total', 'broken_gauge', 'throw')).toBe(1)
})

test('a producer that never settles is omitted after nine tenths of the scrape timeout', async () => {
  const { port } = await serve({ producers: [hung('hung producer')] })
  const startMs = performance.now()
  const client = await sent(port, get('X-Prometheus-Scrape-Timeout-Seconds: 0.5'))
  expect(performance.now() - startMs).toBeGreaterThan(440)
  expect(bodyOf(client)).toBe(DOCUMENT)
  expect(selfValue('tallyscope_prometheus_partial_scrapes_total', 'text')).toBe(1)
  expect(selfValue('tallyscope_producer_failures_total', 'hung producer', 'timeout')).toBe(0) // its own time is not over
})

test('a document that fails midway has neither a complete body nor an end mark', async () => {
  let fail = (): void => {}
  const encoders: [Encoder] = [
    {
      format: 'breaking',
      contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
      accepts: () => true,
      async *encode() {
        yield Buffer.alloc(800_000, 'x')
        await new Promise<void>((resolve) => (fail = resolve))
        throw new Error('no')
      },
    },
  ]
  const { port } = await serve({ encoders })
  for (const request of [get(), get('Accept-Encoding: gzip')]) {
    const client = new RawClient(port, request)
    await vi.waitFor(() => expect(client.received).toMatch(/\r\n\r\n/), 10_000)
    fail()
    await client.closed
    expect(client.received).not.toContain('# EOF')
    expect(client.received).not.toContain('\r\n0\r\n\r\n')
  }
  expect(selfValue('tallyscope_prometheus_scrapes_total', 'breaking', 'broken')).toBe(2)
})

test('queries select families by name[] and are otherwise ignored, never echoed', async () => {
  const { port } = await serve()
  const ask = async (query: string) => sent(port, get().replace('/metrics', `/metrics?${query}`))
  expect(bodyOf(await ask('name[]=secret_gauge'))).toBe(DOCUMENT)
  expect(bodyOf(await ask('name[]=other'))).toBe('')
  expect(bodyOf(await ask(`${'name[]=x&'.repeat(1_000)}name[]=secret_gauge`))).toBe(DOCUMENT)
  for (const query of [
    '<script>alert(1)</script>',
    `a=${'b'.repeat(10_000)}`,
    '%',
    '%E0%A4%A',
    '&&==',
    'name=x',
    'name[]=',
    'name[]=&name[]=',
    '__proto__[x]=1',
    '?'.repeat(99),
  ]) {
    const client = await ask(query)
    expect(client.statuses, query.slice(0, 40)).toEqual([200])
    expect(bodyOf(client)).toBe(DOCUMENT)
    expect(client.received).not.toContain('alert')
  }
})
