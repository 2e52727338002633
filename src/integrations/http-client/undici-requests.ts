import { isError } from '../../base/errors.js'
import { bodyLength } from '../../http/http-body-bytes.js'
import { listen } from './channels.js'
import type { ClientExchange } from './client-exchange.js'
import { type ClientInstrumentation, hostWithPort, type OutgoingHeaders } from './client-instrumentation.js'

/** The used part of a request of undici 5 to 7. */
interface UndiciRequest {
  readonly origin: string | URL
  readonly method: string
  readonly path: string
  /** Alternating names and values; a string in version 5. */
  headers: unknown[] | string
  readonly contentLength?: number | null
  addHeader(name: string, value: string): unknown
  onData?: (chunk: unknown) => unknown
  onBodySent?: (chunk: unknown) => unknown
  onConnect?: (abort: Abort, ...rest: unknown[]) => unknown
  onUpgrade?: (statusCode: number, ...rest: unknown[]) => unknown
}

type Abort = (reason?: unknown) => unknown

interface Destination {
  readonly origin: string
  readonly protocol: string
  /** With the port if it is not the default of the scheme. */
  readonly host: string
}

interface RunningRequest {
  readonly exchange: ClientExchange
  readonly request: UndiciRequest
  /** True once the request has a connection. */
  isConnected: boolean
  /** Bytes counted by patched methods, since older versions do not publish chunks. */
  sent: number
  received: number
  publishedSent: number
  publishedReceived: number
}

/**
 * Instruments global `fetch` and undici, which publish to the same channels. Returns a function that stops it; requests in progress are
 * still counted.
 */
export function watchUndici(client: ClientInstrumentation): () => void {
  const watch = new UndiciWatch(client)
  return () => watch.stop()
}

class UndiciWatch {
  readonly #client: ClientInstrumentation
  readonly #running = new WeakMap<object, RunningRequest>()
  /** Consecutive requests often have the same origin, and parsing it is expensive. */
  #last: Destination | undefined
  /** The last error of a connection, which all requests that wait for it get. */
  #connectError: unknown
  readonly #unlisten: () => void
  #open = 0
  #isStopped = false

  constructor(client: ClientInstrumentation) {
    this.#client = client
    this.#unlisten = listen({
      'undici:request:create': ({ request }: { request: UndiciRequest }) => this.#begin(request),
      'undici:request:bodyChunkSent': ({ request, chunk }: { request: object; chunk: unknown }) => {
        const counted = this.#running.get(request)
        if (counted !== undefined) counted.publishedSent += bodyLength(chunk)
      },
      'undici:request:bodyChunkReceived': ({ request, chunk }: { request: object; chunk: unknown }) => {
        const counted = this.#running.get(request)
        if (counted !== undefined) counted.publishedReceived += bodyLength(chunk)
      },
      'undici:request:headers': ({ request, response }: { request: object; response: { statusCode: number } }) => {
        const counted = this.#running.get(request)
        if (counted !== undefined) counted.exchange.status = response.statusCode
      },
      'undici:request:trailers': ({ request }: { request: UndiciRequest }) => this.#end(request),
      'undici:client:connectError': ({ error }: { error: unknown }) => {
        this.#connectError = error
      },
      'undici:request:error': ({ request, error }: { request: UndiciRequest; error: unknown }) =>
        this.#end(request, error ?? new Error('the request failed')),
    })
  }

  stop(): void {
    this.#isStopped = true
    if (this.#open === 0) this.#unlisten()
  }

  #begin(request: UndiciRequest): void {
    if (this.#isStopped) return
    const { protocol, host } = this.#destinationOf(request.origin)
    const { method, path } = request
    const exchange = this.#client.begin({ method, host, protocol, target: path, userAgent: headerOf(request, 'user-agent') })
    if (exchange === undefined) return
    const counted: RunningRequest = { exchange, request, isConnected: false, sent: 0, received: 0, publishedSent: 0, publishedReceived: 0 }
    this.#running.set(request, counted)
    this.#open++
    countChunks(request, counted)
    detectAbort(request, counted)
    endWithUpgrade(request, exchange, (upgraded) => this.#end(upgraded))
    this.#inject(request, exchange)
  }

  /** Another tracer may have subscribed after this one. Its context would be sent beside ours, and servers reject two `traceparent`. */
  #inject(request: UndiciRequest, { span, host }: ClientExchange): void {
    const { addHeader } = request
    let isWritten = false
    const set = (name: string, value: string): void => {
      isWritten = true
      addHeader.call(request, name, value)
    }
    this.#client.inject(span, host, headersOf(request, set))
    if (!isWritten) return
    request.addHeader = (name, value) => (this.#client.isTraceHeader(name) ? request : addHeader.call(request, name, value))
  }

  #destinationOf(origin: string | URL): Destination {
    if (this.#last?.origin === origin) return this.#last
    const { protocol, hostname, port } = new URL(origin)
    const destination = { origin: String(origin), protocol, host: hostWithPort(protocol, hostname, port) }
    this.#last = destination
    return destination
  }

  #end(request: UndiciRequest, error?: unknown): void {
    const counted = this.#running.get(request)
    if (counted === undefined) return
    this.#running.delete(request)
    this.#open--
    if (this.#isStopped && this.#open === 0) this.#unlisten()
    const { exchange, sent, received, publishedSent, publishedReceived } = counted
    exchange.sent = publishedSent || sent || (request.contentLength ?? 0)
    exchange.received = publishedReceived || received
    if (error !== undefined) {
      if (error === this.#connectError) exchange.connectionFailed(error)
      else if (counted.isConnected && isCallersError(error)) exchange.aborted(error)
      else exchange.failed(error)
    }
    exchange.close()
  }
}

/**
 * True for the error that a program passes to `destroy` of a client or pool. Errors of connections and those of undici have a code, or
 * this name.
 */
function isCallersError(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return typeof code !== 'string' && name !== 'HTTPParserError'
}

function countChunks(request: UndiciRequest, counted: RunningRequest): void {
  const { onData, onBodySent } = request
  if (typeof onData === 'function') {
    request.onData = function (this: UndiciRequest, chunk) {
      counted.received += bodyLength(chunk)
      return onData.call(this, chunk)
    }
  }
  if (typeof onBodySent === 'function') {
    request.onBodySent = function (this: UndiciRequest, chunk) {
      counted.sent += bodyLength(chunk)
      return onBodySent.call(this, chunk)
    }
  }
}

/** Patches the `abort` function that undici passes to the handler of a request, which calls it only if the caller aborts. */
function detectAbort(request: UndiciRequest, counted: RunningRequest): void {
  const { onConnect } = request
  if (typeof onConnect !== 'function') return
  request.onConnect = function (this: UndiciRequest, abort, ...rest) {
    counted.isConnected = true
    const noticed: Abort = (reason) => {
      if (!isDecodingError(reason)) counted.exchange.aborted(reason)
      return abort(reason)
    }
    return onConnect.call(this, noticed, ...rest)
  }
}

/** `fetch` itself cancels a request whose body cannot be decompressed. */
function isDecodingError(reason: unknown): boolean {
  const { code, errno } = (isError(reason) ? reason : {}) as { code?: unknown; errno?: unknown }
  return typeof code === 'string' && typeof errno === 'number' && /^(Z_|ERR_|ERROR_)/.test(code)
}

/** Older versions publish nothing if the connection is upgraded to another protocol. */
function endWithUpgrade(request: UndiciRequest, exchange: ClientExchange, end: (request: UndiciRequest) => void): void {
  const { onUpgrade } = request
  if (typeof onUpgrade !== 'function') return
  request.onUpgrade = function (this: UndiciRequest, statusCode, ...rest) {
    exchange.status ??= statusCode
    const result = onUpgrade.call(this, statusCode, ...rest)
    end(this)
    return result
  }
}

function headersOf(request: UndiciRequest, set: OutgoingHeaders['set']): OutgoingHeaders {
  return { areSent: false, get: (name) => headerOf(request, name), set, delete: (name) => removeHeader(request, name) }
}

function removeHeader(request: UndiciRequest, wanted: string): void {
  const { headers } = request
  if (typeof headers === 'string') {
    request.headers = headers.replace(new RegExp(`^${wanted}: .*\\r?\\n`, 'gim'), '')
    return
  }
  for (let at = headers.length - 2; at >= 0; at -= 2) {
    if (String(headers[at]).toLowerCase() === wanted) headers.splice(at, 2)
  }
}

function headerOf({ headers }: UndiciRequest, wanted: string): string | undefined {
  if (typeof headers === 'string') return new RegExp(`^${wanted}: (.*?)\r?$`, 'im').exec(headers)?.[1]
  if (!Array.isArray(headers)) return undefined
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at]
    if (typeof name === 'string' && name.length === wanted.length && name.toLowerCase() === wanted) return String(headers[at + 1])
  }
  return undefined
}
