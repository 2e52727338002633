import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type AnyWrite, BodyBytes, bodyLength, isOpen } from '../../http/http-body-bytes.js'
import type { ClientExchange } from './client-exchange.js'
import type { OutgoingRequest } from './client-instrumentation.js'

const RUNNING: unique symbol = Symbol('tallyscope.running')
type Tied = { [RUNNING]?: RunningRequest | null }
type TimedSocket = Socket & { [RUNNING]?: RunningRequest | undefined }
type SetHeader = ClientRequest['setHeader']

/**
 * A request of node:http that has begun, and the methods of the request that are replaced.
 *
 * All requests share the functions that replace them, which read this object from a property of the request. With functions of its own for
 * each request, Node 24 takes several times as long for what is added. See bench/notes/servers.md.
 */
export class RunningRequest {
  readonly exchange: ClientExchange
  readonly bytes: BodyBytes = new BodyBytes()
  /** True if Node rendered the head before the exchange began. */
  readonly isRendered: boolean
  /** Undefined if its port is known. Otherwise it can only be read from the socket. */
  withoutPort: OutgoingRequest | undefined
  /** True after the event `timeout`, on which programs destroy the request, its response or its socket. */
  timedOut = false
  #socket: TimedSocket | undefined = undefined
  readonly #write: AnyWrite
  readonly #end: AnyWrite
  readonly #destroy: ClientRequest['destroy']
  #setHeader: SetHeader | undefined = undefined
  #onHeader: ((...header: Parameters<SetHeader>) => void) | undefined = undefined

  constructor(request: ClientRequest, exchange: ClientExchange, isRendered: boolean, withoutPort: OutgoingRequest | undefined) {
    this.exchange = exchange
    this.isRendered = isRendered
    this.withoutPort = withoutPort
    this.#write = request.write as AnyWrite
    this.#end = request.end as AnyWrite
    this.#destroy = request.destroy
    tie(request, this)
    request.write = RunningRequest.#sharedWrite as ClientRequest['write']
    request.end = RunningRequest.#sharedEnd as ClientRequest['end']
    request.destroy = RunningRequest.#sharedDestroy
  }

  /** Calls `onHeader` after each header that the program sets. */
  watchHeaders(request: ClientRequest, onHeader: (...header: Parameters<SetHeader>) => void): void {
    this.#setHeader = request.setHeader
    this.#onHeader = onHeader
    request.setHeader = RunningRequest.#sharedSetHeader
  }

  /** Notes time-outs of the socket, which requests use in turn: it has one listener for all. */
  watchTimeouts(socket: TimedSocket): void {
    if (!(RUNNING in socket)) socket.prependListener('timeout', onTimeout)
    this.#socket = socket
    socket[RUNNING] = this
  }

  /** Call when the request has closed. */
  leaveSocket(): void {
    if (this.#socket?.[RUNNING] === this) this.#socket[RUNNING] = undefined
  }

  static readonly #sharedWrite: AnyWrite = function (this, chunk, encoding, callback) {
    const running = runningOf(this)!
    const { bytes } = running
    if (!bytes.ending && isOpen(this)) bytes.sent += bodyLength(chunk, encoding)
    return running.#write.call(this, chunk, encoding, callback)
  }

  static readonly #sharedEnd: AnyWrite = function (this, chunk, encoding, callback) {
    const running = runningOf(this)!
    const { bytes } = running
    if (isOpen(this)) bytes.sent += bodyLength(chunk, encoding)
    bytes.ending = true
    const result = running.#end.call(this, chunk, encoding, callback)
    bytes.ending = false
    return result
  }

  /** Only callers call `request.destroy()`. It counts as aborted, or as failed after the event `timeout`. */
  static readonly #sharedDestroy: ClientRequest['destroy'] = function (this: ClientRequest, error) {
    const running = runningOf(this)!
    if (running.timedOut) running.exchange.failed(error ?? timeoutError())
    else if (!(this as { res?: IncomingMessage | null }).res?.complete) running.exchange.aborted(error)
    return running.#destroy.call(this, error)
  }

  static readonly #sharedSetHeader: SetHeader = function (this: ClientRequest, name, value) {
    const running = runningOf(this)!
    running.#setHeader!.call(this, name, value)
    running.#onHeader!(name, value)
    return this
  }
}

/** The state of a request: null if it is excluded, undefined if it has not begun. */
export function runningOf(request: object): RunningRequest | null | undefined {
  return (request as Tied)[RUNNING]
}

export function tie(request: object, running: RunningRequest | null): void {
  ;(request as Tied)[RUNNING] = running
}

function onTimeout(this: TimedSocket): void {
  const running = this[RUNNING]
  if (running !== undefined) running.timedOut = true
}

export function timeoutError(): Error {
  return Object.assign(new Error('the request timed out'), { code: 'ETIMEDOUT' })
}
