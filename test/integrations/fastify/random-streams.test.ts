import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { onTestFinished, test } from 'vitest'
import { Authority } from '../../exporters/sending/certificates.js'
import { randomNumbers } from '../../exporters/random.js'
import { amount, seed } from '../../faults/amount.js'
import { ANSWERED, type Asked, countsOf, type KindName, LAST, requestMaker, rowOf } from '../http-server/random-programs.js'
import { addToFastify, expectCounted, Watch } from '../http-server/random-servers.js'
import { until } from './served.js'

const AT_ONCE = 5
/** Upgrades and the coding of chunks are parts of HTTP/1. */
const NOT_IN_HTTP2: readonly KindName[] = ['chunked', 'agree', 'refuse']
const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants
const CODES = [NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM]
const ENDS = ['close', 'destroy', 'goaway'] as const

/** The requests of one session. Those of a batch are sent at once. */
interface Program {
  readonly batches: readonly (readonly Asked[])[]
  /** How the session ends: by its client, at once or after its streams, or by the server (GOAWAY). */
  readonly end: (typeof ENDS)[number]
  /** Of the frames by which the client resets streams. */
  readonly code: number
}

function makePrograms(random: () => number, count: number): Program[] {
  const asked = requestMaker(random, (name) => !NOT_IN_HTTP2.includes(name as KindName))
  const upTo = (most: number): number => Math.floor(random() * most)
  return Array.from({ length: count }, () => ({
    batches: Array.from({ length: 1 + upTo(4) }, () => Array.from({ length: 1 + upTo(6) }, () => asked(random() < 0.3 ? LAST : ANSWERED))),
    end: ENDS[upTo(ENDS.length)]!,
    code: CODES[upTo(CODES.length)]!,
  }))
}

/** A server, and the sessions that it has by the port of their client. */
class Server {
  readonly watch = new Watch()
  readonly bytes: Record<string, number> = {}
  readonly #sessions = new Map<number | undefined, ServerHttp2Session>()
  readonly #connect: () => ClientHttp2Session

  private constructor(app: FastifyInstance, tls: { readonly ca: string } | undefined) {
    const server = app.server as unknown as Http2Server
    server.on('session', (session) => void this.#sessions.set(session.socket.remotePort, session))
    server.prependListener('request', ({ headers }) => void this.watch.ids.add(String(headers['x-id'])))
    this.#connect = () => {
      const { port } = server.address() as AddressInfo
      return connect(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, tls).on('error', () => {})
    }
  }

  static async start(isSecure: boolean): Promise<Server> {
    const authority = new Authority()
    const app = fastify({ http2: true, ...(isSecure && { https: authority.issue('127.0.0.1') }) } as object) as FastifyInstance
    const server = new Server(app, isSecure ? { ca: authority.cert } : undefined)
    await addToFastify(app, server.watch)
    await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(async () => {
      for (const session of server.#sessions.values()) session.destroy()
      await app.close()
    })
    return server
  }

  async run({ batches, end, code }: Program): Promise<void> {
    const session = this.#connect()
    for (const [at, batch] of batches.entries()) {
      const isLast = at === batches.length - 1
      const leave = isLast && end === 'destroy' ? () => {} : (stream: ClientHttp2Stream) => stream.close(code)
      const streams = batch.map((asked) => this.#ask(session, asked, leave))
      if (isLast && end === 'goaway') {
        await until(() => batch.every(({ id }) => this.watch.ids.has(id)), 'the arrival of a batch')
        this.#sessions.get((session.socket as Socket).localPort)!.close()
      }
      await Promise.all(streams)
    }
    if (end === 'destroy') session.destroy()
    else session.close()
  }

  /** Resolves when the stream has ended, or would be left by its client. */
  async #ask(session: ClientHttp2Session, asked: Asked, leave: (stream: ClientHttp2Stream) => void): Promise<void> {
    const { name, kind, id, traceId } = asked
    const stream = session.request({
      ':method': kind.method ?? 'GET',
      ':path': kind.path(Number(id)),
      'x-id': id,
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      ...Object.fromEntries((kind.head ?? []).map((line) => line.split(': '))),
    })
    let text = ''
    const closed = new Promise((resolve) => stream.once('close', resolve))
    stream.setEncoding('latin1').on('error', () => {})
    stream.on('data', (chunk) => (text += String(chunk)))
    if (kind.body !== undefined) stream.write(kind.body)
    if (name !== 'upload') stream.end()
    if (name in ANSWERED || kind.outcome === 'error') {
      await closed
      const row = rowOf(asked)?.slice('request '.length)
      if (row !== undefined && name in ANSWERED) this.bytes[row] = (this.bytes[row] ?? 0) + text.length
      return
    }
    const { awaits = '' } = kind
    await until(() => text.includes(awaits) && this.watch.ids.has(id), `the response to ${name}`)
    leave(stream)
  }
}

test.each(['without TLS', 'with TLS'])('HTTP/2 %s: however streams and sessions end, each request is counted once', async (security) => {
  const server = await Server.start(security === 'with TLS')
  const programs = makePrograms(randomNumbers(seed()), amount(40, 1_500))
  const waiting = [...programs]
  const run = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await server.run(next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  const asked = programs.flatMap(({ batches }) => batches.flat())
  const rows = asked.map((each) => rowOf(each)).filter((row) => row !== undefined)
  await expectCounted(server.watch, asked, countsOf(rows), server.bytes)
})
