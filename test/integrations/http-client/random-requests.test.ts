import http from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Agent as UndiciAgent, request as undiciRequest } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { randomNumbers } from '../../exporters/random.js'
import { amount, seed } from '../../faults/amount.js'
import { rows, until } from '../fastify/served.js'

/** How the server answers, what the caller does, and what is to be counted. */
interface Kind {
  readonly method?: 'HEAD' | 'POST'
  /** What is written, and `end` if the connection is closed then. */
  readonly response: string
  readonly closes?: boolean
  readonly row: string
  /** The caller gives up: before the response, or after the first part of its body. */
  readonly leaves?: 'before' | 'during'
  /** The caller has a time-out, which counts as an error. */
  readonly timeoutMs?: number
  readonly body?: string
}

const CHUNKED = 'transfer-encoding: chunked\r\n\r\n'
const PART = `HTTP/1.1 200 OK\r\n${CHUNKED}4\r\npart\r\n`

const KINDS = {
  ok: { response: 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine', row: 'GET 200 ok' },
  chunks: { response: `${PART}0\r\n\r\n`, row: 'GET 200 ok' },
  hints: { response: 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx', row: 'GET 200 ok' },
  closing: { response: 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall', closes: true, row: 'GET 200 ok' },
  head: { method: 'HEAD', response: 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n', row: 'HEAD 200 ok' },
  empty: { response: 'HTTP/1.1 204 No Content\r\n\r\n', row: 'GET 204 ok' },
  missing: { response: 'HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno', row: 'GET 404 ok' },
  fail: { response: 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n', row: 'GET 503 error' },
  post: { method: 'POST', body: 'wörld', response: 'HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n', row: 'POST 201 ok' },
  left: { response: PART, leaves: 'during', row: 'GET 200 aborted' },
  never: { response: '', leaves: 'before', row: 'GET error aborted' },
  slow: { response: '', timeoutMs: 60, row: 'GET error error' },
  drop: { response: '', closes: true, row: 'GET error error' },
  broken: { response: PART, closes: true, row: 'GET 200 error' },
  health: { response: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx', row: '' },
} as const satisfies Record<string, Kind>

type KindName = keyof typeof KINDS

/** A server of bare sockets, so that nothing of the library is on its side. It keeps what it has received. */
async function independentServer(): Promise<{ url: string; received: Map<string, { kind: KindName; traceparent: string | undefined }> }> {
  const received = new Map<string, { kind: KindName; traceparent: string | undefined }>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.setEncoding('utf8').on('error', () => {})
    socket.on('data', (chunk) => {
      text += String(chunk)
      for (let match = nextRequest(text); match !== undefined; match = nextRequest(text)) {
        text = text.slice(match.length)
        const { kind, id, traceparent } = match
        received.set(id, { kind, traceparent })
        const { response, closes = false }: Kind = KINDS[kind]
        if (closes) socket.end(response)
        else socket.write(response)
      }
    })
  }).listen(0, '127.0.0.1')
  await until(() => server.listening)
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

/** The first request in `text`, if all of it has arrived. */
function nextRequest(text: string): { kind: KindName; id: string; traceparent: string | undefined; length: number } | undefined {
  const head = /^[A-Z]+ \/(\w+)\/(\d+) [^]*?\r\n\r\n/.exec(text)
  if (head === null) return undefined
  const rest = text.slice(head[0].length)
  const isChunked = /^transfer-encoding: chunked/im.test(head[0])
  const body = isChunked ? /^[^]*?\r\n0\r\n\r\n/.exec(rest)?.[0].length : (KINDS[head[1] as KindName] as Kind).body?.length
  if (isChunked && body === undefined) return undefined
  const traceparent = /^traceparent: (.*)\r$/im.exec(head[0])?.[1]
  return { kind: head[1] as KindName, id: head[2]!, traceparent, length: head[0].length + (body ?? 0) }
}

/** Sends one request and resolves when it has ended. */
type Send = (url: string, kind: Kind, hasArrived: () => Promise<void>) => Promise<unknown>

const viaNode =
  (agent: http.Agent | undefined): Send =>
  (url, { method, body, leaves, timeoutMs }, hasArrived) =>
    new Promise<void>((resolve) => {
      const request = http.request(url, { ...(method !== undefined && { method }), ...(agent !== undefined && { agent }) })
      request.on('error', () => {}).on('close', resolve)
      request.on('response', (response) => {
        response.on('error', () => {})
        if (leaves === 'during') response.once('data', () => response.destroy())
        else response.resume()
      })
      if (timeoutMs !== undefined) request.setTimeout(timeoutMs, () => request.destroy())
      request.end(body)
      if (leaves === 'before') void hasArrived().then(() => request.destroy())
    })

/** The signal of a request that its caller may give up. */
function signalOf({ leaves, timeoutMs }: Kind, hasArrived: () => Promise<void>): { signal?: AbortSignal } {
  if (timeoutMs !== undefined) return { signal: AbortSignal.timeout(timeoutMs) }
  if (leaves !== 'before') return {}
  const controller = new AbortController()
  void hasArrived().then(() => controller.abort(new Error('enough')))
  return { signal: controller.signal }
}

const viaFetch: Send = async (url, kind, hasArrived) => {
  const { method, body, leaves } = kind
  const init = { ...(method !== undefined && { method }), ...(body !== undefined && { body }), ...signalOf(kind, hasArrived) }
  const response = await fetch(url, init).catch(() => undefined)
  return leaves === 'during' ? response!.body!.cancel() : response?.text().catch(() => {})
}

const viaUndici =
  (dispatcher: UndiciAgent): Send =>
  async (url, kind, hasArrived) => {
    const { method = 'GET', body = null, leaves } = kind
    const response = await undiciRequest(url, { dispatcher, method, body, ...signalOf(kind, hasArrived) }).catch(() => undefined)
    response?.body.on('error', () => {})
    return leaves === 'during' ? response!.body.destroy() : response?.body.text().catch(() => {})
  }

const AT_ONCE = 8

interface Asked {
  readonly id: string
  readonly name: KindName
  readonly kind: Kind
  readonly send: Send
}

test('whatever is sent and however it ends, each outgoing request is counted once, by any client', async () => {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>({ maxItems: 1_000_000 })
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats })
  const client = instrumentHttpClient({ tracer, stats, ignorePaths: ['/health'] })
  const agent = client.agent(new http.Agent({ keepAlive: true, maxSockets: 3 }))
  const dispatcher = new UndiciAgent() // one that limits its connections begins requests in the context of others
  onTestFinished(() => {
    client.stop()
    agent.destroy()
    void dispatcher.destroy()
  })
  const bare = viaNode(new http.Agent()) // whose requests carry no context before Node 22.12
  const senders = [viaNode(undefined), viaNode(agent), bare, viaFetch, viaUndici(dispatcher)]
  const { url, received } = await independentServer()
  const random = randomNumbers(seed())
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const asked = Array.from({ length: amount(300, 20_000) }, (_, id): Asked => {
    const name = pick(Object.keys(KINDS) as KindName[])
    return { id: String(id), name, kind: KINDS[name], send: pick(senders) }
  })

  const callers = new Map<string, string>()
  const waiting = [...asked]
  const run = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { id, name, kind, send } = next
      await tracer.span('caller', (span) => {
        callers.set(id, span.traceId)
        return send(`${url}/${name}/${id}`, kind, () => until(() => received.has(id), `the arrival of ${name}`))
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))

  const measured = asked.filter(({ kind }) => kind.row !== '')
  const requests = () => (exporter.items as SpanData[]).filter(({ name }) => name !== 'caller')
  await until(() => requests().length >= measured.length).catch(() => {}) // the difference is reported below
  expect(counted(stats)).toEqual(countsOf(measured.map(({ kind }) => kind.row)))
  expect(countsOf(requests().map(({ traceId }) => traceId))).toEqual(countsOf(measured.map(({ id }) => callers.get(id)!)))
  const strays = measured.filter(({ id, send }) => {
    const { traceparent } = received.get(id) ?? {}
    return traceparent === undefined ? send !== bare && received.has(id) : traceparent.slice(3, 35) !== callers.get(id)
  })
  expect(strays.map(({ name }) => name)).toEqual([])
})

/** The counted requests by method, status and outcome: the server has one host. */
function counted(stats: Stats): Record<string, number> {
  const entries = Object.entries(rows(stats, 'http/client/duration'))
  return Object.fromEntries(entries.map(([tags, { count }]) => [tags.replace(/ \S+/, ''), count]))
}

function countsOf(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}
