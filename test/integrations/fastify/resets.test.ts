import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { counts, served, streams, until } from './served.js'

interface Ending {
  readonly reply: (reply: FastifyReply) => unknown
  /** What the client does after its first bytes, or once the request has arrived. */
  readonly client?: (stream: ClientHttp2Stream, session: ClientHttp2Session) => void
  readonly counted: string
}

const hijacked =
  (handle: (response: FastifyReply['raw'] & { readonly stream: ClientHttp2Stream }) => void) =>
  (reply: FastifyReply): void => {
    reply.hijack()
    handle(reply.raw as never)
  }
const INTERNAL_ERROR = 2
const CANCEL = 8
const LARGE = 'x'.repeat(3_000_000)

const ENDINGS: Readonly<Record<string, Ending>> = {
  'the program destroys the response': { reply: hijacked((response) => response.destroy()), counted: ' error' },
  'the program resets the stream': { reply: hijacked(({ stream }) => stream.close(INTERNAL_ERROR)), counted: ' error' },
  'the program destroys the session': { reply: hijacked(({ stream }) => stream.session!.destroy()), counted: ' error' },
  'the body of the program fails': {
    reply: (reply) => {
      const body = new Readable({ read() {} })
      body.push('a part')
      setImmediate(() => body.destroy(new Error('planned')))
      return reply.send(body)
    },
    counted: '200 error',
  },
  'the client resets a request without a response': {
    reply: hijacked(() => {}),
    client: (stream) => stream.close(INTERNAL_ERROR),
    counted: ' aborted',
  },
  'the client resets a response that it has not read': {
    reply: (reply) => reply.send(LARGE),
    client: (stream) => stream.close(CANCEL),
    counted: '200 aborted',
  },
  'the client leaves during a response': {
    reply: (reply) => reply.send(LARGE),
    client: (_, session) => session.destroy(),
    counted: '200 aborted',
  },
  'the client ends the session with an error': {
    reply: hijacked(() => {}),
    client: (_, session) => session.goaway(INTERNAL_ERROR),
    counted: ' aborted',
  },
  'the program writes to the stream itself': {
    reply: hijacked(({ stream }) => {
      const { respond } = stream as unknown as { respond(headers: object, options: object): void }
      respond.call(stream, { ':status': 404 }, { endStream: true })
    }),
    counted: '404 ok',
  },
}

test.each(Object.entries(ENDINGS))('over HTTP/2, %s', async (_, { reply, client, counted }) => {
  let hasArrived = false
  const { port, stats } = await served(
    (app) => {
      app.get('/x', (__, answer) => {
        hasArrived = true
        return reply(answer)
      })
    },
    { fastify: { http2: true } as never },
  )
  const session = connect(`http://127.0.0.1:${port}`).on('error', () => {})
  onTestFinished(() => session.destroy())
  const stream = session.request({ ':path': '/x' }).on('error', () => {})
  let hasBytes = false
  stream.once('data', () => {
    hasBytes = true
    if (client !== undefined) stream.pause()
  })
  const awaitsBytes = counted.startsWith('200')
  await until(() => (awaitsBytes ? hasBytes : hasArrived))
  client?.(stream, session)
  await until(() => counts(stats)[`GET /x ${counted}`] === 1).catch(() => {})
  expect({ ...counts(stats), ...streams(stats) }).toEqual({ [`GET /x ${counted}`]: 1 })
})
