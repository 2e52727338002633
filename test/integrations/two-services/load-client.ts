import { connect } from 'node:net'

/** What one kind of request came to, as seen from the other end of the wire. */
export interface Tally {
  requests: number
  /** Bytes of bodies, without the framing of chunks. */
  sent: number
  received: number
}

/**
 * A load client that knows nothing of what it tests: it writes requests onto bare sockets, reads the replies itself and
 * counts them, with the bytes of their bodies.
 */
export class LoadClient {
  readonly tallies = new Map<string, Tally>()
  readonly #port: number

  constructor(url: string) {
    this.#port = Number(new URL(url).port)
  }

  /** Sends a request and reads its whole reply. `as` is what it is to be counted as; its status is put in the place of `*`. */
  async send(
    as: string,
    method: string,
    path: string,
    { body = '', headers = {} }: { body?: string; headers?: Record<string, string> } = {},
  ) {
    const lines = Object.entries({ host: 'h', connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    const length = body === '' ? '' : `content-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
    const reply = await this.#exchange(`${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`)
    const { status, bytes } = readReply(reply, method)
    this.#count(as.replace('*', String(status)), Buffer.byteLength(body), bytes)
    return { status, reply: reply.toString() }
  }

  /** Sends a part of a request, or all of it, and goes away after so many milliseconds. */
  async abandon(as: string, text: string, bodyBytes: number, afterMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const socket = connect(this.#port, '127.0.0.1', () => socket.write(text))
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      setTimeout(() => socket.destroy(), afterMs)
    })
    this.#count(as, bodyBytes, 0)
  }

  #exchange(text: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      const socket = connect(this.#port, '127.0.0.1', () => socket.write(text))
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.on('end', () => resolve(Buffer.concat(chunks)))
      socket.on('error', reject)
    })
  }

  #count(as: string, sent: number, received: number): void {
    const tally = this.tallies.get(as) ?? { requests: 0, sent: 0, received: 0 }
    this.tallies.set(as, { requests: tally.requests + 1, sent: tally.sent + sent, received: tally.received + received })
  }
}

function readReply(reply: Buffer, method: string): { status: number; bytes: number } {
  const end = reply.indexOf('\r\n\r\n')
  const head = reply.subarray(0, end).toString('latin1')
  const body = reply.subarray(end + 4)
  const status = Number(head.slice(9, 12))
  if (method === 'HEAD') return { status, bytes: body.length }
  return { status, bytes: /transfer-encoding: chunked/i.test(head) ? chunkedLength(body) : body.length }
}

function chunkedLength(body: Buffer): number {
  let total = 0
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.subarray(at, lineEnd).toString('latin1'), 16)
    if (size === 0) return total
    total += size
    at = lineEnd + 2 + size + 2
  }
}
