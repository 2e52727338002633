import { connect, type Socket } from 'node:net'

/** A connection that sends bytes as they are and keeps what it receives. */
export class RawClient {
  readonly socket: Socket
  /** Resolves when the connection is over, however it ended. */
  readonly closed: Promise<void>
  received = ''

  constructor(port: number, request = '') {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (data) => {
      this.received += data.toString('latin1')
    })
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
    if (request !== '') this.socket.write(Buffer.from(request, 'latin1'))
  }

  /** The status lines that came back, in their order. */
  get statuses(): number[] {
    return [...this.received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))
  }
}

/** A GET of /metrics with these lines of headers, after which the connection ends. */
export function get(...headers: string[]): string {
  return ['GET /metrics HTTP/1.1', 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n')
}
