import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { currentFrame } from '../../../src/base/context.js'
import { checkDestination } from '../../../src/exporters/sending/destination.js'
import { HttpSender, SendError } from '../../../src/exporters/sending/http-sender.js'
import { checkSender, type SenderOptions } from '../../../src/exporters/sending/sender-options.js'
import { closedUrl, httpReceiver, openConnections, rawReceiver, receiver } from './receiver.js'

const bytes = (text: string): Buffer => Buffer.from(text)
const senderTo = (url: string, options: SenderOptions = {}): HttpSender =>
  new HttpSender(checkDestination('url', url), checkSender(options, 2))
const post = (sender: HttpSender, text = 'hello', timeoutMs = 5_000) =>
  sender.send({ method: 'POST', body: [bytes(text)], headers: { 'content-type': 'text/plain' }, timeoutMs })

/** What sending there fails with. */
async function failure(url: string, options: SenderOptions = {}, timeoutMs = 5_000): Promise<SendError> {
  const sender = senderTo(url, options)
  try {
    const reply = await post(sender, 'hello', timeoutMs)
    throw new Error(`it was answered ${reply.status}`)
  } catch (error) {
    if (error instanceof SendError) return error
    throw error
  } finally {
    sender.close()
  }
}

test('a body of several chunks arrives complete, with its length, the version and the headers', async () => {
  const { url, requests } = await receiver((response) => void response.writeHead(202).end('thanks'))
  const sender = senderTo(`${url}/a/b?c=d`, { headers: { 'x-tenant': 'acme' }, userAgent: 'shop/2' })
  const body = [bytes('one '), bytes('two')]
  const reply = await sender.send({ method: 'POST', body, headers: { 'content-type': 'text/plain' }, timeoutMs: 5_000 })
  expect([reply.status, String(reply.body)]).toEqual([202, 'thanks'])
  expect(requests[0]).toMatchObject({
    method: 'POST',
    path: '/a/b?c=d',
    headers: {
      'content-length': '7',
      'content-type': 'text/plain',
      'x-tenant': 'acme',
      'user-agent': expect.stringMatching(/^shop\/2 tallyscope\/\d/),
    },
  })
  expect(String(requests[0]!.body)).toBe('one two')
  sender.close()
})

test('a request is completely sent unless the receiver responds before it has read all of it', async () => {
  const whole = await post(senderTo((await receiver()).url))
  expect(whole.isWhollySent).toBe(true)
  const url = await httpReceiver((request, response) => {
    request.pause()
    response.end()
  })
  const sender = senderTo(url)
  const early = await post(sender, 'x'.repeat(64 << 20), 20_000)
  expect(early.isWhollySent).toBe(false)
  sender.close()
})

test('user and password of the URL become Basic authorization, which an explicit header overrides', async () => {
  const { url, requests } = await receiver()
  const withUser = url.replace('//', '//me:p%40ss@')
  const first = senderTo(withUser)
  await post(first)
  const second = senderTo(withUser, { headers: { authorization: 'Bearer t' } })
  await post(second)
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`, 'Bearer t'])
  first.close()
  second.close()
})

test('consecutive requests share a connection, and close() ends it', async () => {
  let connections = 0
  const { url, server } = await receiver()
  server.on('connection', () => connections++)
  const sender = senderTo(url)
  for (let i = 0; i < 5; i++) await post(sender)
  expect(connections).toBe(1)
  sender.close()
  await expect.poll(openConnections).toBe(0)
})

test('a request on a keep-alive connection that the receiver has closed is sent again on a new one', async () => {
  let connections = 0
  const url = await rawReceiver((socket) => {
    connections++
    let requests = 0
    socket.on('data', () => {
      if (++requests === 2) socket.resetAndDestroy()
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
  })
  const sender = senderTo(url)
  expect((await post(sender)).status).toBe(200)
  expect((await post(sender)).status).toBe(200)
  expect(connections).toBe(2)
  sender.close()
})

test.each<[string, () => Promise<string>, RegExp]>([
  ['refuses connections', closedUrl, /ECONNREFUSED/],
  ['has no name', () => Promise.resolve('http://nowhere.invalid'), /ENOTFOUND|EAI_AGAIN/],
  ['resets the connection', () => rawReceiver((socket) => void socket.resetAndDestroy()), /ECONNRESET|socket hang up/],
  ['hangs up', () => rawReceiver((socket) => void socket.once('data', () => socket.end())), /socket hang up/],
  ['speaks another protocol', () => rawReceiver((socket) => void socket.end('220 mail.example ESMTP\r\n')), /HTTP/],
  [
    'switches to another protocol',
    () =>
      rawReceiver(
        (socket) =>
          void socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')),
      ),
    /^the connection was closed without a response$/,
  ],
])('a receiver that %s is a fault of the network', async (_, urlOf, message) => {
  const error = await failure(await urlOf())
  expect(error.reason).toBe('network')
  expect(error.message).toMatch(message)
})

test('a receiver that never responds fails after the time-out', async () => {
  const silent = await failure(await rawReceiver((socket) => void socket.resume()), {}, 50)
  expect([silent.reason, silent.message]).toEqual(['timeout', 'no response within 50 ms'])
  await expect.poll(openConnections).toBe(0)
})

test.each<[string, (socket: Socket) => void]>([
  ['resets the connection', (socket) => void setTimeout(() => socket.resetAndDestroy(), 20)],
  ['hangs up', (socket) => void socket.end()],
  ['is silent until the time-out', () => {}],
])('the status is the outcome, once, even if the receiver then %s in the middle of the body', async (_, end) => {
  for (const status of [200, 400, 503]) {
    let requests = 0
    const url = await rawReceiver((socket) => {
      socket.once('data', () => {
        requests++
        socket.write(`HTTP/1.1 ${status} Status\r\ncontent-length: 100\r\nx-written: 3\r\n\r\nhalf`)
        end(socket)
      })
    })
    const sender = senderTo(url)
    const { headers, ...reply } = await post(sender, 'hello', 200)
    expect(reply).toEqual({ status, body: undefined, secrets: [], isWhollySent: true })
    expect([headers['x-written'], requests]).toEqual(['3', 1])
    await expect.poll(openConnections).toBe(0)
    sender.close()
  }
})

test('a receiver that responds early and reads no more does not keep one of the few connections', async () => {
  const url = await rawReceiver((socket) => {
    socket.pause()
    socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n')
  })
  const sender = new HttpSender(checkDestination('url', url), checkSender({}, 1))
  const long = 'x'.repeat(16 << 20)
  for (let i = 0; i < 2; i++) expect((await post(sender, long, 2_000)).status).toBe(413)
  sender.close()
})

test('a redirect is a response, and is not followed', async () => {
  let followed = 0
  const elsewhere = await httpReceiver((_, response) => {
    followed++
    response.end()
  })
  const { url } = await receiver((response) => void response.writeHead(307, { location: elsewhere }).end())
  const sender = senderTo(url, { headers: { authorization: 'Bearer secret' } })
  expect((await post(sender)).status).toBe(307)
  expect(followed).toBe(0)
  sender.close()
})

test.each<[string, Record<string, string>, () => Buffer, string | undefined]>([
  ['of 100 MB', {}, () => Buffer.alloc(100_000_000), undefined],
  [
    'that becomes 100 MB when it is decompressed',
    { 'content-encoding': 'gzip' },
    () => gzipSync(Buffer.alloc(100_000_000), { level: 1 }),
    undefined,
  ],
  ['that is no gzip', { 'content-encoding': 'gzip' }, () => bytes('<html>'), undefined],
  ['of an unknown encoding', { 'content-encoding': 'br' }, () => bytes('x'), undefined],
  ['that is compressed', { 'content-encoding': 'gzip' }, () => gzipSync('fine'), 'fine'],
])('a response %s has the body that can be read', async (_, headers, body, expected) => {
  const content = body() // making it takes longer than a request may
  const { url } = await receiver((response) => {
    response.on('error', () => {})
    response.writeHead(200, headers).end(content)
  })
  const sender = senderTo(url)
  const reply = await post(sender)
  expect([reply.status, reply.body?.toString()]).toEqual([200, expected])
  sender.close()
})

test('headers may come from a function, which is called for each request', async () => {
  const { url, requests } = await receiver()
  let n = 0
  const sender = senderTo(url, { headers: async () => ({ authorization: `Bearer token-${n++}` }) })
  await post(sender)
  await post(sender)
  expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-0', 'Bearer token-1'])
  sender.close()
})

test('a headers function that throws, hangs or returns invalid headers fails the request', async () => {
  const { url, requests } = await receiver()
  const throwing = await failure(url, {
    headers: () => {
      throw new Error('no token')
    },
  })
  expect([throwing.reason, throwing.message]).toEqual(['headers', 'the headers function failed: no token'])
  expect((await failure(url, { headers: () => new Promise(() => {}) }, 50)).reason).toBe('timeout')
  const secret = await failure(url, { headers: () => ({ authorization: 'Bearer s3cret\n' }) })
  expect([secret.reason, secret.message]).toEqual(['headers', 'headers must be valid for HTTP: "authorization" is not'])
  expect((await failure(url, { headers: () => ({ Host: 'other' }) })).reason).toBe('headers')
  expect(requests).toEqual([])
})

test('requests are neither traced nor measured, and do not keep the context of their caller', async () => {
  const { url } = await receiver()
  const storage = new AsyncLocalStorage<string>()
  const seen: boolean[] = []
  const onStart = (): void => void seen.push(currentFrame().suppressed)
  subscribe('http.client.request.start', onStart)
  const sender = senderTo(url)
  await storage.run('context', () => post(sender))
  unsubscribe('http.client.request.start', onStart)
  expect(seen).toEqual([true])
  sender.close()
})

test.each<[string, SenderOptions, string]>([
  [
    'a header of the protocol',
    { headers: { 'Content-Type': 'a' } },
    'headers must not include those that the protocol sets: "Content-Type" is one',
  ],
  ['a header with a line break', { headers: { a: 'b\r\nc: d' } }, 'headers must be valid for HTTP: "a" is not'],
  ['a file that is not there', { ca: '/nowhere/ca.pem' }, 'ca must be PEM or a file that can be read: "/nowhere/ca.pem", ENOENT'],
  ['a key alone', { key: '-----BEGIN PRIVATE KEY-----' }, 'key must come with cert: there is no cert'],
  ['a certificate that is none', { cert: '-----BEGIN CERTIFICATE-----\nsecret' }, 'ca, cert and key must be valid for TLS: cert'],
  ['too many at once', { concurrency: 17 }, 'concurrency must be a whole number from 1 to 16: it is 17'],
  ['no time', { timeoutMs: 0 }, 'timeoutMs must be a number from 1 to 2147483647: it is 0'],
  ['a user agent of two lines', { userAgent: 'a\nb' }, 'userAgent must be printable ASCII'],
])('options with %s are refused, without their values', (_, options, message) => {
  expect(() => checkSender(options, 2)).toThrow(
    expect.objectContaining({ code: 'ERR_EXPORTER_OPTION', message: expect.stringContaining(message) }),
  )
})

test.each(['localhost:4318', 'ftp://a', 'http://', '', 7, undefined, 'http://%ff:x@a'])('%s is not a destination', (url) => {
  expect(() => checkDestination('url', url)).toThrow(expect.objectContaining({ code: 'ERR_EXPORTER_URL' }))
})

test('a destination may be a URL object, which stays unchanged', () => {
  const given = new URL('https://ann:secret@receiver.test/path?key=1')
  const { url, authorization } = checkDestination('url', given)
  expect([url.href, authorization]).toEqual(['https://receiver.test/path?key=1', `Basic ${btoa('ann:secret')}`])
  expect(given.href).toBe('https://ann:secret@receiver.test/path?key=1')
})
