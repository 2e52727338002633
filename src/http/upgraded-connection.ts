import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Frame, runInFrame } from '../base/context.js'
import type { Span } from '../trace/span/span.js'
import { Status } from '../trace/data/status.js'
import { StatusCode } from '../trace/data/status-code.js'
import { bytesOf } from './http-body-bytes.js'
import { setResponseStatus, SWITCHING_PROTOCOLS } from './http-attributes.js'
import { httpMethodIndex } from './http-method.js'
import type { HttpOutcome } from './views/http-views.js'
import { type RequestAttributes, setStatusCode } from './request-attributes.js'
import type { ExchangeHome } from './server-exchange.js'

type Send = (this: Duplex, chunk?: unknown, ...rest: unknown[]) => unknown

/**
 * A connection that a client wants to upgrade to another protocol, or to use as a tunnel (CONNECT). Node has no response for it. The first
 * bytes that the application writes show whether it accepts: then the connection is a stream until it closes, otherwise a request with a
 * response.
 */
export class UpgradedConnection {
  /** Started when the application accepts or refuses, or when it is first read. */
  span: Span | undefined = undefined
  private attributes: RequestAttributes | undefined = undefined
  private readonly home: ExchangeHome
  private readonly request: IncomingMessage
  private readonly socket: Duplex
  private readonly frame: () => Frame
  private readonly method: number
  private readonly startMs: number
  private isOpen = true
  /** The status with which the application accepted; 0 if it did not. */
  private accepted = 0

  /** @param frame The context in which values are recorded, with the tags that the listener has set. */
  constructor(home: ExchangeHome, request: IncomingMessage, socket: Duplex, frame: () => Frame) {
    this.home = home
    this.request = request
    this.socket = socket
    this.frame = frame
    this.method = httpMethodIndex(request.method)
    this.startMs = home.clock.monotonicMs()
    home.inFlight.add(1)
    const restore = watchFirstWrite(socket, (chunk) => this.answered(statusOf(chunk)))
    socket.once('close', () => {
      restore()
      this.closed()
    })
  }

  startSpan(): Span | undefined {
    const { home, request } = this
    this.span = home.startSpan(request, home.unmatched.spanName(this.method))
    if (this.span?.sampled) this.attributes = home.describe(this.span, request, home.unmatched.route)
    return this.span
  }

  private answered(status: number): void {
    // A framework handles this request like any other, with its own instrumentation.
    if (bytesOf(this.request) !== undefined) return this.end()
    this.endSpan(status)
    if (this.isAcceptance(status)) {
      this.accepted = status
      return
    }
    this.count(status, status >= 500 ? 'error' : 'ok')
    this.end()
  }

  private closed(): void {
    if (!this.isOpen) return
    this.end()
    if (this.accepted !== 0) {
      const series = this.home.unmatched.seriesOf(this.method, this.accepted, 'ok')
      runInFrame(this.frame(), () => series.recordStream(this.seconds(), 0, 0))
    } else if (bytesOf(this.request) === undefined) {
      const outcome = this.socket.readableEnded || this.socket.errored != null ? 'aborted' : 'error'
      this.endSpan(0, outcome)
      this.count(0, outcome)
    }
  }

  private isAcceptance(status: number): boolean {
    return status === SWITCHING_PROTOCOLS || (this.request.method === 'CONNECT' && status >= 200 && status < 300)
  }

  private end(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.home.inFlight.add(-1)
  }

  private count(status: number, outcome: HttpOutcome): void {
    const series = this.home.unmatched.seriesOf(this.method, status, outcome)
    runInFrame(this.frame(), () => series.record(this.seconds(), 0, 0))
  }

  private endSpan(status: number, outcome?: HttpOutcome): void {
    const span = this.span ?? this.startSpan()
    if (span === undefined) return
    if (status !== 0) setStatusCode(span, this.attributes, status)
    if (status > SWITCHING_PROTOCOLS) setResponseStatus(span, status, undefined)
    if (outcome === 'aborted') span.setStatus(new Status(StatusCode.CANCELLED, 'the client went away'))
    else if (outcome === 'error') span.setStatus(new Status(StatusCode.UNKNOWN, 'the connection was closed without a response'))
    span.end()
  }

  private seconds(): number {
    return (this.home.clock.monotonicMs() - this.startMs) / 1_000
  }
}

/** Calls back with the first chunk that is written, and leaves the socket as it was; returns a function that stops waiting for it. */
function watchFirstWrite(socket: Duplex, onWrite: (chunk: unknown) => void): () => void {
  const methods = socket as unknown as { write: Send; end: Send }
  const restores = (['write', 'end'] as const).map((name) => {
    const before = methods[name]
    const isOwn = Object.hasOwn(methods, name)
    const watching: Send = function (this: Duplex, chunk, ...rest) {
      if (name === 'write' || (chunk != null && typeof chunk !== 'function')) {
        restore()
        onWrite(chunk)
      }
      return before.call(this, chunk, ...rest)
    }
    methods[name] = watching
    return () => {
      if (methods[name] !== watching) return
      if (isOwn) methods[name] = before
      else delete (methods as Partial<typeof methods>)[name]
    }
  })
  const restore = (): void => restores.forEach((each) => each())
  return restore
}

/** The status in the first line of a response; 101 for a protocol without one. */
function statusOf(chunk: unknown): number {
  const text = typeof chunk === 'string' ? chunk : ArrayBuffer.isView(chunk) ? headOf(chunk) : ''
  return Number(/^HTTP\/\d\.\d (\d{3})\b/.exec(text)?.[1] ?? SWITCHING_PROTOCOLS)
}

const STATUS_LINE_BYTES = 16

function headOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, Math.min(byteLength, STATUS_LINE_BYTES)).toString('latin1')
}
