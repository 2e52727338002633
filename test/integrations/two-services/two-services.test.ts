import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../fastify/served.js'
import { LoadClient } from './load-client.js'

interface Service {
  readonly child: ChildProcess
  readonly url: string
}

interface SpanFacts {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly kind: number
  readonly path: string | undefined
}

async function start(env: Record<string, string> = {}): Promise<Service> {
  const child = fork(fileURLToPath(new URL('service.mjs', import.meta.url)), { env: { ...process.env, ...env }, execArgv: [] })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  return { child, url }
}

async function spansOf({ child }: Service): Promise<SpanFacts[]> {
  child.send('spans')
  return ((await once(child, 'message')) as [SpanFacts[]])[0]
}

/** Values of one family at /metrics, by the values of its labels in turn. */
async function exposed({ url }: Service, family: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const found: Record<string, number> = {}
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${family}{`)) continue
    const [, labels, value] = /\{(.*)\} (\S+)$/.exec(line)!
    const byKey = Object.fromEntries([...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text_]) => [key, text_]))
    found[`${byKey['method']} ${byKey['route']} ${byKey['status'] ?? ''} ${byKey['outcome']}`] = Number(value)
  }
  return found
}

let back: Service
let front: Service

beforeAll(async () => {
  back = await start()
  front = await start({ BACK_URL: back.url })
})

afterAll(() => {
  front.child.disconnect()
  back.child.disconnect()
})

test('200 concurrent requests: one trace passes through both services for each, and only listed tags are propagated', async () => {
  const client = new LoadClient(front.url)
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const traceId = (n + 1).toString(16).padStart(32, '0')
      const { reply } = await client.send('GET /work/:n * ok', 'GET', `/work/${n}`, {
        headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
      })
      return { n, traceId, reply }
    }),
  )
  for (const { n, reply } of answers) expect(reply).toContain(JSON.stringify({ n: String(n), tenant: `t${n}`, secret: 'none' }))

  await until(async () => (await spansOf(front)).length === 600 && (await spansOf(back)).length === 200)
  const spans = [...(await spansOf(front)), ...(await spansOf(back))]
  for (const { n, traceId } of answers) {
    const trace = spans.filter((span) => span.traceId === traceId)
    const child = (parentSpanId: string) => trace.find((span) => span.parentSpanId === parentSpanId)!
    const served = child('00f067aa0ba902b7')
    const between = child(served.spanId)
    const sent = child(between.spanId)
    const behind = child(sent.spanId)
    expect([served, between, sent, behind].map(({ name, path }) => [name, path])).toEqual([
      ['GET /work/:n', `/work/${n}`],
      ['in between', undefined],
      [sent.name, `/work/${n}`],
      ['GET /work/:n', `/work/${n}`],
    ])
    expect([served.kind, sent.kind, behind.kind]).toEqual([1, 2, 1])
    expect(trace.length).toBe(4)
  }
})

test('rate, errors and bytes in /metrics equal those of an independent client', async () => {
  const service = await start()
  const client = new LoadClient(service.url)
  const slow = 'GET /slow HTTP/1.1\r\nhost: h\r\n\r\n'
  const upload = 'POST /up HTTP/1.1\r\nhost: h\r\ncontent-type: text/plain\r\ncontent-length: 5000\r\n\r\n'
  const kinds: (() => Promise<unknown>)[] = [
    () => client.send('GET /work/:n * ok', 'GET', `/work/${Math.floor(Math.random() * 1e6)}`),
    () => client.send('GET unmatched * ok', 'GET', `/nowhere/${Math.random()}`),
    () => client.send('GET /boom * error', 'GET', '/boom'),
    () => client.send('POST /up * ok', 'POST', '/up', { body: 'ü'.repeat(Math.floor(Math.random() * 40_000)) + '.' }),
    () => client.send('HEAD /work/:n * ok', 'HEAD', '/work/1'),
    () => client.send('GET /stream/:bytes * ok', 'GET', `/stream/${Math.floor(Math.random() * 9_000)}`),
    () => client.send('GET /hijack * ok', 'GET', '/hijack'),
    () => client.abandon('GET /slow  aborted', slow, 0, 800),
    () => client.abandon('POST /up  aborted', `${upload}only a part`, 11, 800),
  ]
  await Promise.all(Array.from({ length: 450 }, async (_, at) => await kinds[at % kinds.length]!()))

  const wanted = Object.fromEntries([...client.tallies].map(([as, { requests }]) => [as, requests]))
  expect(Object.values(wanted)).toEqual(kinds.map(() => 50))
  const total = (found: Record<string, number>) => Object.values(found).reduce((sum, each) => sum + each, 0)
  await until(async () => total(await exposed(service, 'http_server_duration_seconds_count')) >= 450)
  expect(await exposed(service, 'http_server_duration_seconds_count')).toEqual(wanted)
  const sent = Object.fromEntries([...client.tallies].map(([as, tally]) => [as, tally.sent]))
  expect(await exposed(service, 'http_server_request_size_bytes_sum')).toEqual(sent)
  const received = Object.fromEntries([...client.tallies].map(([as, tally]) => [as, tally.received]))
  expect(await exposed(service, 'http_server_response_size_bytes_sum')).toEqual(received)
  const text = await (await fetch(`${service.url}/metrics`)).text()
  expect(text).toMatch(/^http_server_in_flight 0$/m)
  service.child.disconnect()
})
