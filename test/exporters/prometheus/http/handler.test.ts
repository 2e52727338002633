import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { timerClock } from '../../../../src/base/clock.js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { internalMetrics } from '../../../../src/base/internal-metrics.js'
import { inNextTurn } from '../../../../src/base/timer.js'
import type { Encoder } from '../../../../src/exporters/prometheus/format/encoder.js'
import { openMetricsEncoder } from '../../../../src/exporters/prometheus/format/openmetrics.js'
import { textEncoder } from '../../../../src/exporters/prometheus/format/text-encoder.js'
import { type MetricsHandlerOptions, metricsHandler } from '../../../../src/exporters/prometheus/http/handler.js'
import type { Metric } from '../../../../src/metrics/data/metric.js'
import { bytesOf, distribution, manyGauges, metric, producer } from '../format/metric-samples.js'
import { readText } from '../format/text-reader.js'

const one = metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])

const handler = (metrics: () => readonly Metric[] | Promise<readonly Metric[]>, options: Partial<MetricsHandlerOptions> = {}) =>
  metricsHandler({ producers: [producer(metrics)], selfMetrics: false, ...options })

const counted = (format: string, code: string): number =>
  internalMetrics.get('tallyscope_prometheus_scrapes_total')?.series.get(JSON.stringify([format, code]))?.count.value ?? 0

/** An encoder whose chunks are written by hand. */
function scripted(encode: (signal: AbortSignal | undefined) => AsyncGenerator<Uint8Array>): [Encoder] {
  return [{ format: 'scripted', contentType: 'text/plain', accepts: () => true, encode: (_, signal) => encode(signal) }]
}

/** More than is rendered before any of it is sent. */
const LARGE = Buffer.alloc(800_000, 'x')

test('a short document is sent in one piece with its length', async () => {
  const { status, headers, body } = await handler(() => [one])({})
  expect({ status, headers, text: String(body) }).toEqual({
    status: 200,
    headers: {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'content-length': '23',
      vary: 'Accept, Accept-Encoding',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    text: '# TYPE one gauge\none 1\n',
  })
})

test('header names are case-insensitive, and headers may be a fetch Headers object', async () => {
  const handle = handler(() => [one])
  const accept = 'application/openmetrics-text'
  for (const headers of [{ Accept: accept }, { accept: [accept] }, new Headers({ accept })]) {
    expect(String((await handle(headers)).body)).toBe('# TYPE one gauge\none 1\n# EOF\n')
  }
})

test('HEAD has the headers of GET, gathers nothing and has no body', async () => {
  const gathered = vi.fn(() => [one])
  const head = await handler(gathered)({ accept: 'application/openmetrics-text', 'accept-encoding': 'gzip' }, '', { method: 'HEAD' })
  expect(head).toMatchObject({
    status: 200,
    headers: { 'content-type': expect.stringContaining('openmetrics'), 'content-encoding': 'gzip' },
  })
  expect(head.body).toBeUndefined()
  expect(gathered).not.toHaveBeenCalled()
})

test.each([null, undefined, 'text/plain', []])('a handler that is called with %j in place of headers rejects', async (given) => {
  await expect(handler(() => [one])(given as never)).rejects.toThrow(expect.objectContaining({ code: 'ERR_HANDLER' }))
})

test('other methods are refused with an Allow header', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'get']) {
    const { status, headers, body } = await handler(() => [one])({}, '', { method })
    expect([status, headers['allow'], String(body)]).toEqual([405, 'GET, HEAD', 'only GET and HEAD are allowed\n'])
  }
})

test('short, medium and long bodies are compressed if the scraper accepts it', async () => {
  for (const metrics of [[one], [manyGauges(5_000)], [manyGauges(40_000)]]) {
    const handle = handler(() => metrics)
    const plain = await bytesOf((await handle({})).body)
    const zipped = await handle({ 'accept-encoding': 'gzip' })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(await bytesOf(zipped.body)).equals(plain)).toBe(true)
    expect((await handle({ 'accept-encoding': 'gzip;q=0' })).headers['content-encoding']).toBeUndefined()
  }
  const never = await handler(() => [one], { gzip: false })({ 'accept-encoding': 'gzip' })
  expect(never.headers['content-encoding']).toBeUndefined()
})

test('name[] selects families by name', async () => {
  const metrics = [
    one,
    metric({ name: 'two', type: 'CUMULATIVE_INT64' }, [[], 2]),
    metric({ name: 'three', type: 'CUMULATIVE_DISTRIBUTION' }, [[], distribution([1], [0, 0], 0)]),
  ]
  const names = async (query: string | URLSearchParams | Record<string, unknown>) =>
    [...readText(String((await handler(() => metrics)({}, query)).body)).keys()].join(' ')
  expect(await names('')).toBe('one three two_total')
  expect(await names('name[]=one')).toBe('one')
  expect(await names('x=1&name%5B%5D=three_bucket&name[]=two_total')).toBe('three two_total')
  expect(await names(new URLSearchParams({ 'name[]': 'two' }))).toBe('two_total')
  expect(await names({ 'name[]': ['one', 7, 'two_total'] })).toBe('one two_total')
  expect(await names({ name: ['one', 'two_total'] })).toBe('one two_total') // as qs parses it
  expect(await names({ name: { 0: 'one', 1: 'two_total' } })).toBe('one two_total')
  expect(await names('name[]=nothing')).toBe('')
  expect(await names('name=one')).toBe('one three two_total')
})

test('concurrent scrapes share one gathering, a later one gathers again', async () => {
  let release = (): void => {}
  const gathered = vi.fn(() => new Promise<Metric[]>((resolve) => (release = () => resolve([one]))))
  const handle = handler(gathered)
  const scrapes = [{}, { accept: 'application/openmetrics-text' }, {}].map((headers) => handle(headers))
  await vi.waitFor(() => expect(gathered).toHaveBeenCalled(), 10_000)
  release()
  expect((await Promise.all(scrapes)).map(({ status }) => status)).toEqual([200, 200, 200])
  expect(gathered).toHaveBeenCalledTimes(1)
  void handle({})
  await vi.waitFor(() => expect(gathered).toHaveBeenCalledTimes(2), 10_000)
  release()
})

test('a failing producer omits only its own metrics', async () => {
  const failing = [
    () => {
      throw new Error('no')
    },
    () => Promise.reject(new Error('no')),
  ]
  for (const metrics of failing) {
    const handle = metricsHandler({ producers: [producer(metrics, 'failing'), producer(() => [one])], selfMetrics: false })
    expect(String((await handle({})).body)).toBe('# TYPE one gauge\none 1\n')
  }
})

test('internal metrics are added once', async () => {
  const handle = metricsHandler({ producers: [producer(() => [one])] })
  await handle({})
  const families = readText((await bytesOf((await handle({})).body)).toString())
  expect(families.get('tallyscope_prometheus_scrapes_total')?.type).toBe('counter')
  expect(families.has('one')).toBe(true)
})

test('a bearer token is required if configured, and any of several is accepted', async () => {
  const status = async (bearerToken: string | string[], authorization?: string) =>
    (await handler(() => [one], { bearerToken })(authorization === undefined ? {} : { authorization })).status
  expect(await status('secret')).toBe(401)
  expect(await status('secret', 'Bearer secret')).toBe(200)
  expect(await status('secret', 'bearer  secret ')).toBe(200)
  expect(await status(['old', 'new'], 'Bearer new')).toBe(200)
  for (const wrong of ['Bearer secre', 'Bearer secrets', 'Bearer ', 'Bearer', 'Basic secret', 'secret', ''])
    expect(await status('secret', wrong)).toBe(401)
})

test('the guard is called before anything is gathered', async () => {
  const gathered = vi.fn(() => [one])
  const status = async (guard: MetricsHandlerOptions['guard'] & {}) => (await handler(gathered, { guard })({})).status
  expect(await status(() => false)).toBe(403)
  expect(await status(() => Promise.resolve(false))).toBe(403)
  expect(await status((() => 'yes') as never)).toBe(403)
  expect(await status(() => Promise.reject(new Error('broken')))).toBe(500)
  expect(
    await status(() => {
      throw new Error('broken')
    }),
  ).toBe(500)
  expect(gathered).not.toHaveBeenCalled()
  expect(await status(() => true)).toBe(200)
})

test('a document that fails before its first byte is a 500 without partial content', async () => {
  const encoders = scripted(async function* () {
    yield Buffer.from('part')
    throw new Error('no')
  })
  const { status, body } = await handler(() => [one], { encoders })({})
  expect([status, String(body)]).toEqual([500, 'the metrics could not be written\n'])
})

test('a long document that fails midway aborts the response', async () => {
  const before = counted('scripted', 'broken')
  for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
    const encoders = scripted(async function* () {
      yield LARGE
      throw new Error('no')
    })
    const { status, body } = await handler(() => [one], { encoders })(headers)
    expect(status).toBe(200)
    await expect(bytesOf(body)).rejects.toThrow('no')
  }
  expect(counted('scripted', 'broken') - before).toBe(2)
})

test('an unread body needs no permit of maxInFlight, and its work stops once it is cancelled', async () => {
  for (const read of [false, true]) {
    let stopped = 0
    const encoders = scripted(async function* () {
      try {
        for (;;) yield LARGE
      } finally {
        stopped++
      }
    })
    const handle = handler(() => [one], { encoders, maxInFlight: 1, maxWaiting: 0 })
    const bodies = [await handle({}), await handle({})].map(({ body }) => body as AsyncIterableIterator<Uint8Array>)
    if (read) for (const body of bodies) await body.next()
    for (const body of bodies) await body.return?.()
    await vi.waitFor(() => expect(stopped).toBe(2), 10_000)
    expect(await bodies[0]!.next()).toEqual({ done: true, value: undefined })
  }
})

test('a disconnected client stops the work', async () => {
  const client = new AbortController()
  const encoders = scripted(async function* (signal) {
    for (;;) {
      signal?.throwIfAborted()
      yield LARGE
    }
  })
  const before = counted('scripted', 'aborted')
  const { body } = await handler(() => [one], { encoders })({}, '', { signal: client.signal })
  const chunks = body as AsyncIterableIterator<Uint8Array>
  await chunks.next()
  await chunks.next()
  client.abort()
  await expect(chunks.next()).rejects.toThrow('abort')
  expect(counted('scripted', 'aborted') - before).toBe(1)
})

test('options out of range are refused', () => {
  const wrong: Partial<MetricsHandlerOptions>[] = [
    { maxInFlight: 0 },
    { maxInFlight: 1.5 },
    { maxWaiting: -1 },
    { gatherTimeoutMs: 2 ** 31 },
    { encoders: [] as never },
    { encoders: textEncoder as never },
    { encoders: [openMetricsEncoder as never] },
  ]
  for (const options of wrong)
    expect(() => handler(() => [one], options)).toThrow(expect.objectContaining({ code: 'ERR_PROMETHEUS_OPTION' }))
  expect(() => metricsHandler({ producers: [{}] as never })).toThrow(expect.objectContaining({ code: 'ERR_PRODUCER' }))
})

test('scrapes are counted by format and status, with their time and bytes', async () => {
  let nowMs = 0
  const clock = { unixMs: () => 0, monotonicMs: () => (nowMs += 100) }
  const count = (family: string) => internalMetrics.get(family)?.series.get('["openmetrics"]')?.count.value ?? 0
  const before = ['seconds', 'bytes'].map((what) => count(`tallyscope_prometheus_scrape_${what}_total`))
  const ok = counted('openmetrics', '200')
  const { body } = await handler(() => [one], { clock })({ accept: 'application/openmetrics-text' })
  expect(counted('openmetrics', '200')).toBe(ok + 1)
  expect(count('tallyscope_prometheus_scrape_seconds_total')).toBeGreaterThan(before[0]!)
  expect(count('tallyscope_prometheus_scrape_bytes_total') - before[1]!).toBe((body as Uint8Array).length)
  expect(count('tallyscope_prometheus_last_document_bytes')).toBe((body as Uint8Array).length)
})

test('scrapes beyond the limit wait in a queue, and are refused if the queue is full', async () => {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const encode = vi.fn(async function* () {
    await opened
    yield Buffer.from('x')
  })
  const handle = handler(() => [one], { encoders: scripted(encode), maxInFlight: 2, maxWaiting: 1, queueTimeoutMs: 600_000 })
  const ended: string[] = []
  const scrape = async (name: string): Promise<void> => {
    expect(await handle({})).toMatchObject({ status: 200 })
    ended.push(name)
  }
  const scrapes = ['first', 'second', 'third'].map(scrape)
  expect(await handle({})).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  await vi.waitFor(() => expect(encode).toHaveBeenCalled(), 10_000)
  expect(ended).toEqual([])
  open()
  await Promise.all(scrapes)
  expect(ended.at(-1)).toBe('third')
})

/** Time is moved by hand. */
function timed(body: () => Promise<void>): () => Promise<void> {
  return async () => {
    vi.useFakeTimers()
    try {
      await body()
    } finally {
      vi.useRealTimers()
    }
  }
}

/** Advances the fake timers, after turns that they do not see: on a busy machine a scrape waits for a slice of time before it sets one. */
async function advance(ms: number): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise<void>((resolve) => void inNextTurn(resolve))
  await vi.advanceTimersByTimeAsync(ms)
}

const never = <T>() => new Promise<T>(() => {})

test(
  'a scrape waits for a hanging producer for up to nine tenths of the scrape timeout',
  timed(async () => {
    const handle = metricsHandler({
      producers: [producer(() => never<Metric[]>(), 'hanging'), producer(() => [one])],
      selfMetrics: false,
      clock: timerClock,
    })
    const done = vi.fn()
    const reply = handle({ 'x-prometheus-scrape-timeout-seconds': '2' })
    void reply.then(done)
    await advance(1_790)
    expect(done).not.toHaveBeenCalled()
    await advance(20)
    expect(String((await reply).body)).toBe('# TYPE one gauge\none 1\n')
  }),
)

test(
  'the scrape timeout header is honoured up to the configured limit, and invalid values are ignored',
  timed(async () => {
    for (const seconds of ['100', 'x', '-1', '0', '', 'Infinity']) {
      const handle = metricsHandler({
        producers: [producer(() => never<Metric[]>(), 'hanging')],
        selfMetrics: false,
        gatherTimeoutMs: 500,
        clock: timerClock,
      })
      const done = vi.fn()
      void handle({ 'x-prometheus-scrape-timeout-seconds': seconds }).then(done)
      await advance(490)
      expect(done).not.toHaveBeenCalled()
      await advance(20)
      expect(done).toHaveBeenCalledOnce()
    }
  }),
)

test(
  'a guard that hangs results in a 503',
  timed(async () => {
    const reply = handler(() => [one], { guard: () => never<boolean>(), gatherTimeoutMs: 500 })({})
    await advance(600)
    expect((await reply).status).toBe(503)
  }),
)

test(
  'a scrape that waits too long in the queue is refused',
  timed(async () => {
    const encoders = scripted(async function* () {
      await never<void>()
      yield LARGE
    })
    const handle = handler(() => [one], { encoders, maxInFlight: 1, gatherTimeoutMs: 500 })
    void handle({})
    const second = handle({})
    await advance(600)
    expect((await second).status).toBe(503)
  }),
)

test(
  'a scraper with a shorter timeout gets the available metrics, without effect on the others',
  timed(async () => {
    let answer: (metrics: Metric[]) => void = () => {}
    const slow = vi.fn(() => new Promise<Metric[]>((resolve) => (answer = resolve)))
    const handle = metricsHandler({
      maxInFlight: 500,
      producers: [producer(slow, 'slow'), producer(() => [metric({ name: 'two', type: 'GAUGE_INT64' }, [[], 2])])],
      selfMetrics: false,
    })
    const partial = () => internalMetrics.get('tallyscope_prometheus_partial_scrapes_total')?.series.get('["text"]')?.count.value ?? 0
    const before = partial()
    const hurried = Array.from({ length: 300 }, () => handle({ 'x-prometheus-scrape-timeout-seconds': '0.001' }))
    const patient = [handle({}), handle({ 'x-prometheus-scrape-timeout-seconds': '10' })]
    await advance(5_000)
    answer([one])
    const texts = async (replies: Promise<{ body?: unknown }>[]) => new Set((await Promise.all(replies)).map(({ body }) => String(body)))
    await advance(0)
    expect(await texts(patient)).toEqual(new Set(['# TYPE one gauge\none 1\n# TYPE two gauge\ntwo 2\n']))
    expect(await texts(hurried)).toEqual(new Set(['# TYPE two gauge\ntwo 2\n']))
    expect([slow.mock.calls.length, partial() - before]).toEqual([1, 300])
  }),
)

test(
  "a scrape waits three seconds in the queue, less than Prometheus' scrape timeout",
  timed(async () => {
    const encoders = scripted(async function* () {
      await never<void>()
      yield LARGE
    })
    const handle = handler(() => [one], { encoders, maxInFlight: 1 })
    void handle({})
    const done = vi.fn()
    void handle({}).then(({ status }) => done(status))
    await advance(2_990)
    expect(done).not.toHaveBeenCalled()
    await advance(20)
    expect(done).toHaveBeenCalledWith(503)
  }),
)

test(
  'scrapes that wait for a slow producer need no permit of maxInFlight, and are limited in number',
  timed(async () => {
    const slow = vi.fn(() => new Promise<Metric[]>((resolve) => void setTimeout(() => resolve([one]), 5_000)))
    const handle = handler(slow, { maxInFlight: 1, maxWaiting: 10 })
    const waiting = Array.from({ length: 11 }, () => handle({}))
    await advance(4_000)
    const refused = handle({})
    await advance(10)
    expect((await refused).status).toBe(503)
    await advance(1_000)
    expect(await Promise.all(waiting.map(async (reply) => (await reply).status))).toEqual(new Array(11).fill(200))
    expect(slow).toHaveBeenCalledTimes(1)
    const after = handle({}) // the places are free again
    await advance(5_000)
    expect((await after).status).toBe(200)
  }),
)

test(
  'an unread body is aborted after the send time-out',
  timed(async () => {
    const before = counted('scripted', 'aborted')
    const encoders = scripted(async function* () {
      for (;;) yield LARGE
    })
    const handle = handler(() => [one], { encoders, sendTimeoutMs: 2_000 })
    const [unread, begun] = [(await handle({})).body, (await handle({})).body] as AsyncIterableIterator<Uint8Array>[]
    await advance(1_500)
    await begun!.next()
    await advance(1_500)
    await expect(unread!.next()).rejects.toThrow('its reader read nothing for too long')
    expect((await begun!.next()).done).toBe(false)
    await advance(2_000)
    await expect(begun!.next()).rejects.toThrow('its reader read nothing for too long')
    expect(counted('scripted', 'aborted') - before).toBe(2)
  }),
)

test('if unread bodies exceed their limit, those unread for the longest are aborted', async () => {
  const encoders = scripted(async function* () {
    for (;;) yield LARGE
  })
  const handle = handler(() => [one], { encoders })
  const bodies: AsyncIterableIterator<Uint8Array>[] = []
  for (let at = 0; at < 100; at++) {
    bodies.push((await handle({})).body as AsyncIterableIterator<Uint8Array>)
    await bodies[0]!.next() // the first is read all along
  }
  const cut = await Promise.all(
    bodies.map((body) =>
      body.next().then(
        () => false,
        () => true,
      ),
    ),
  )
  expect([cut[0], cut[1], cut.at(-1), cut.filter((isCut) => !isCut).length]).toEqual([false, true, false, 20])
  for (const body of bodies) await body.return?.()
})

test(
  'at most 500 guards run at a time, even if scrapers time out',
  timed(async () => {
    const admit: ((allowed: boolean) => void)[] = []
    const guard = vi.fn(() => new Promise<boolean>((resolve) => void admit.push(resolve)))
    const handle = handler(() => [one], { guard })
    const impatient = Array.from({ length: 700 }, () => handle({ 'x-prometheus-scrape-timeout-seconds': '0.001' }))
    await advance(5)
    expect(new Set((await Promise.all(impatient)).map(({ status }) => status))).toEqual(new Set([503]))
    const honest = handle({})
    expect(guard).toHaveBeenCalledTimes(500)
    admit.forEach((answer) => answer(false))
    await advance(0)
    admit.at(-1)!(true)
    expect((await honest).status).toBe(200)
  }),
)

test('an empty token does not open the endpoint', () => {
  for (const options of [
    { bearerToken: [] },
    { bearerToken: '' },
    { bearerToken: ['right', ''] },
    { bearerToken: undefined },
    { bearerToken: [undefined] },
    { bearerToken: null },
  ] as object[]) {
    expect(() => handler(() => [one], options), JSON.stringify(options)).toThrow(expect.objectContaining({ code: 'ERR_PROMETHEUS_OPTION' }))
  }
})

test('tokens are read from a file, one per line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyscope-'))
  const bearerTokenFile = join(folder, 'tokens')
  writeFileSync(bearerTokenFile, 'old\n\n  new \n')
  const handle = handler(() => [one], { bearerTokenFile })
  const status = async (token: string) => (await handle({ authorization: `Bearer ${token}` })).status
  expect([await status('old'), await status('new'), await status('other'), (await handle({})).status]).toEqual([200, 200, 401, 401])
})

test('a missing, empty, too large or irregular token file is refused without quoting it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyscope-'))
  writeFileSync(join(folder, 'empty'), ' \n')
  writeFileSync(join(folder, 'large'), 's3cret'.repeat(20_000))
  for (const name of ['missing', 'empty', 'large', '']) {
    expect(() => handler(() => [one], { bearerTokenFile: join(folder, name) })).toThrow(
      expect.objectContaining({ code: 'ERR_PROMETHEUS_OPTION', message: expect.not.stringContaining('s3cret') as string }),
    )
  }
})

test('a token with blanks or control characters is refused without quoting it, because no request can have it', () => {
  const bearerTokenFile = join(mkdtempSync(join(tmpdir(), 'tallyscope-')), 'token')
  for (const token of ['s3cret\0', 's3c ret', 's3cret\x7f', 's\t3cret', Buffer.from('s3cret', 'utf16le').toString('latin1')]) {
    writeFileSync(bearerTokenFile, token)
    for (const options of [{ bearerToken: token }, { bearerToken: ['right', token] }, { bearerTokenFile }]) {
      expect(() => handler(() => [one], options), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code: 'ERR_PROMETHEUS_OPTION', message: expect.not.stringMatching(/s.?3.?c/s) as string }),
      )
    }
  }
  expect(() => handler(() => [one], { bearerToken: 's3cret\n' })).toThrow('must not contain blanks')
})

test('only allowed host names are served', async () => {
  const handle = handler(() => [one], { allowedHosts: ['localhost', '127.0.0.1', '[::1]'] })
  const status = async (host?: string) => (await handle(host === undefined ? {} : { host })).status
  for (const host of ['localhost', 'LocalHost:9464', '127.0.0.1:9464', '[::1]:9464'])
    expect([host, await status(host)]).toEqual([host, 200])
  for (const host of ['evil.example', 'localhost.evil.example', '', undefined]) expect([host, await status(host)]).toEqual([host, 403])
})

test('allowed hosts that are no list of names are refused', () => {
  for (const allowedHosts of [null, '', 'localhost', false, [''], [null], ['localhost', ':9464'], {}] as never[]) {
    expect(() => handler(() => [one], { allowedHosts }), JSON.stringify(allowedHosts)).toThrow(
      expect.objectContaining({
        code: 'ERR_PROMETHEUS_OPTION',
        message: expect.stringMatching(/^allowedHosts must be a list of host names: it is /),
      }),
    )
  }
})

test('allowed IPv6 addresses may be written without brackets, and HTTP/2 sends the host in :authority', async () => {
  const handle = handler(() => [one], { allowedHosts: ['::1', 'shop.example'] })
  const status = async (headers: Record<string, string>) => (await handle(headers)).status
  expect(await status({ host: '[::1]:9464' })).toBe(200)
  expect(await status({ ':authority': 'shop.example:443' })).toBe(200)
  expect(await status({ ':authority': 'evil.example' })).toBe(403)
  expect(await status({ host: 'evil.example', ':authority': 'shop.example' })).toBe(403)
})

test('properties of Object.prototype are not options', async () => {
  const polluted = Object.prototype as unknown as Record<string, unknown>
  Object.assign(polluted, { encoders: [], guard: () => false, bearerToken: 'theirs', gzip: false, allowedHosts: [] })
  try {
    const reply = await handler(() => [one])({ 'accept-encoding': 'gzip' })
    expect([reply.status, reply.headers['content-encoding']]).toEqual([200, 'gzip'])
  } finally {
    for (const name of ['encoders', 'guard', 'bearerToken', 'gzip', 'allowedHosts']) delete polluted[name]
  }
})

beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})
