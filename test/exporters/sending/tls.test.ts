import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkDestination } from '../../../src/exporters/sending/destination.js'
import { HttpSender, SendError } from '../../../src/exporters/sending/http-sender.js'
import { checkSender, type SenderOptions } from '../../../src/exporters/sending/sender-options.js'
import { Authority, type Certificate } from './certificates.js'
import { listening, openConnections } from './receiver.js'
import { secureReceiver } from './secure-receiver.js'

const DAY_MS = 86_400_000
const authority = new Authority()
const foreign = new Authority('somebody else')
const client = authority.issue('client')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-tls-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The answer, or what sending has failed with. */
async function outcome(url: string, options: SenderOptions = {}): Promise<string | SendError> {
  const sender = new HttpSender(checkDestination('url', url), checkSender(options, 1))
  try {
    const reply = await sender.send({ method: 'POST', body: [Buffer.from('x')], headers: {}, timeoutMs: 5_000 })
    return String(reply.body)
  } catch (error) {
    if (error instanceof SendError) return error
    throw error
  } finally {
    sender.close()
    await expect.poll(openConnections).toBe(0)
  }
}

test('a receiver with a certificate of a given authority is trusted', async () => {
  const url = await secureReceiver(authority.issue('127.0.0.1'))
  expect(await outcome(url, { ca: authority.cert })).toBe('hello undefined')
  const file = join(folder, 'ca.pem')
  writeFileSync(file, authority.cert)
  expect(await outcome(url, { ca: file })).toBe('hello undefined')
})

const REFUSED: readonly [string, () => Certificate, SenderOptions, RegExp][] = [
  ['of an unknown authority', () => authority.issue('127.0.0.1'), {}, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED|UNABLE_TO_GET_ISSUER/],
  [
    'of another authority',
    () => authority.issue('127.0.0.1'),
    { ca: foreign.cert },
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/,
  ],
  ['that has expired', () => authority.issue('127.0.0.1', Date.now() - DAY_MS), { ca: authority.cert }, /CERT_HAS_EXPIRED/],
  ['for another name', () => authority.issue('other.example'), { ca: authority.cert }, /ERR_TLS_CERT_ALTNAME_INVALID/],
]
test.each(REFUSED)('a certificate %s is a network error, and nothing is sent', async (_, certificate, options, code) => {
  const error = await outcome(await secureReceiver(certificate()), options)
  expect(error).toBeInstanceOf(SendError)
  expect(error).toMatchObject({ reason: 'network', code: expect.stringMatching(code) })
})

test('a receiver that requires a client certificate gets it, from PEM or from files', async () => {
  const url = await secureReceiver(authority.issue('127.0.0.1'), authority.cert)
  expect(await outcome(url, { ca: authority.cert, ...client })).toBe('hello client')
  const [cert, key] = [join(folder, 'client.pem'), join(folder, 'client.key')]
  writeFileSync(cert, client.cert)
  writeFileSync(key, client.key)
  expect(await outcome(url, { ca: authority.cert, cert, key })).toBe('hello client')
})

const TURNED_AWAY: readonly [string, () => SenderOptions][] = [
  ['none', () => ({})],
  ['one of another authority', () => foreign.issue('client')],
  ['one that has expired', () => authority.issue('client', Date.now() - DAY_MS)],
]
test.each(TURNED_AWAY)('a client with %s is rejected by a receiver that requires a certificate', async (_, options) => {
  const url = await secureReceiver(authority.issue('127.0.0.1'), authority.cert)
  expect(await outcome(url, { ca: authority.cert, ...options() })).toMatchObject({ reason: 'network' })
})

test('a key that does not belong to the certificate is refused by the constructor', () => {
  expect(() => checkSender({ cert: client.cert, key: authority.issue('other').key }, 1)).toThrow(
    expect.objectContaining({ code: 'ERR_EXPORTER_OPTION', message: expect.not.stringContaining('PRIVATE') }),
  )
})

test('a receiver without TLS, and one that requires it, are network errors', async () => {
  const { createServer: createPlain } = await import('node:http')
  const plain = await listening(createPlain((_, response) => void response.end()))
  expect(await outcome(plain.replace('http:', 'https:'), { ca: authority.cert })).toMatchObject({ reason: 'network' })
  const secure = await secureReceiver(authority.issue('127.0.0.1'))
  expect(await outcome(secure.replace('https:', 'http:'))).toMatchObject({ reason: 'network' })
})
