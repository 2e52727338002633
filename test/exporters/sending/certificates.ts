import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A certificate and its key, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

interface Issuer {
  readonly name: string
  readonly key: KeyObject
}

const DAY_MS = 86_400_000

// DER: https://www.itu.int/rec/T-REC-X.690
const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')
const object = (digits: string): Buffer => der(0x06, hex(digits))
const time = (unixMs: number): Buffer => der(0x17, Buffer.from(`${new Date(unixMs).toISOString().replace(/\D/g, '').slice(2, 14)}Z`))
const name = (text: string): Buffer => sequence(der(0x31, sequence(object('550403'), der(0x0c, Buffer.from(text)))))
const pem = (bytes: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes)
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`

const ECDSA_WITH_SHA256 = sequence(object('2a8648ce3d040302'))
const BASIC_CONSTRAINTS = object('551d13')
const ALTERNATIVE_NAMES = object('551d11')
const TRUE = hex('0101ff')

/** An authority of its own, and certificates that it signs. They are made anew for each test. */
export class Authority {
  readonly cert: string
  readonly #issuer: Issuer

  constructor(commonName = 'test authority') {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#issuer = { name: commonName, key: privateKey }
    const constraints = sequence(BASIC_CONSTRAINTS, TRUE, der(0x04, sequence(TRUE)))
    this.cert = this.#signed(commonName, privateKey, constraints, Date.now() + DAY_MS)
  }

  /** A certificate for one host, or one of a client. @param host A DNS name or an IPv4 address. */
  issue(host: string, endsUnixMs = Date.now() + DAY_MS): Certificate {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const alternative = /^[\d.]+$/.test(host) ? der(0x87, Uint8Array.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))
    const names = sequence(ALTERNATIVE_NAMES, der(0x04, sequence(alternative)))
    return {
      cert: this.#signed(host, privateKey, names, endsUnixMs),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  }

  #signed(subject: string, key: KeyObject, extension: Uint8Array, endsUnixMs: number): string {
    const serial = Buffer.concat([hex('01'), randomBytes(8)])
    const body = sequence(
      der(0xa0, hex('020102')),
      der(0x02, serial),
      ECDSA_WITH_SHA256,
      name(this.#issuer.name),
      sequence(time(endsUnixMs - 10 * DAY_MS), time(endsUnixMs)),
      name(subject),
      createPublicKey(key).export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(extension)),
    )
    const signature = sign('sha256', body, this.#issuer.key)
    return pem(sequence(body, ECDSA_WITH_SHA256, der(0x03, hex('00'), signature)))
  }
}
