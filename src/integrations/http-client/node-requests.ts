import type { ClientRequest, IncomingMessage } from 'node:http'
import { BodyBytes, countReceived, countSent } from '../../http/http-body-bytes.js'
import { listen } from './channels.js'
import type { ClientExchange } from './client-exchange.js'
import { type ClientInstrumentation, hostWithPort, type OutgoingHeaders } from './client-instrumentation.js'

interface RunningRequest {
  readonly exchange: ClientExchange
  readonly bytes: BodyBytes
  /** False if the port can only be read from the socket. */
  readonly knowsPort: boolean
}

/** Instruments requests of node:http and node:https. */
export class NodeRequests {
  readonly #client: ClientInstrumentation
  /** Null for requests that are excluded. */
  readonly #running = new WeakMap<object, RunningRequest | null>()

  constructor(client: ClientInstrumentation) {
    this.#client = client
  }

  /** Starts the exchange of a request whose headers are not sent yet. */
  created(request: ClientRequest): void {
    this.#begin(request)
  }

  /** Subscribes to Node's channels and returns a function that unsubscribes. */
  watch(): () => void {
    return listen({
      // Published from Node 22.12 on, before headers are sent. Older versions only publish `start`, when the request is written.
      'http.client.request.created': ({ request }: { request: ClientRequest }) => this.#begin(request),
      'http.client.request.start': ({ request }: { request: ClientRequest }) => this.#begin(request),
      'http.client.request.error': ({ request, error }: { request: ClientRequest; error: unknown }) => {
        // It was never sent completely.
        if (this.#begin(request) && wasDestroyed(request, error)) this.#running.get(request)?.exchange.aborted()
        const exchange = this.#running.get(request)?.exchange
        // Node passes the error with which a reader destroys a response on to the request.
        if ((request as { res?: IncomingMessage | null }).res?.errored === error) exchange?.aborted(error)
        else exchange?.failed(error)
      },
      'http.client.response.finish': ({ request, response }: { request: ClientRequest; response: IncomingMessage }) => {
        this.#begin(request)
        const running = this.#running.get(request)
        if (running == null) return
        const { exchange, bytes, knowsPort } = running
        exchange.status = response.statusCode
        if (!knowsPort) exchange.host = hostWithPort(request.protocol, request.host, response.socket?.remotePort)
        countReceived(response, bytes)
      },
    })
  }

  /** Returns true if the request was not known. */
  #begin(request: ClientRequest): boolean {
    if (this.#running.has(request)) return false
    const { method, path, protocol } = request
    const { host, knowsPort } = destinationOf(request)
    const exchange = this.#client.begin({ method, host, protocol, target: path, userAgent: stringOf(request.getHeader('user-agent')) })
    if (exchange === undefined) {
      this.#running.set(request, null)
      return true
    }
    const bytes = new BodyBytes()
    countSent(request, bytes)
    this.#running.set(request, { exchange, bytes, knowsPort: knowsPort || exchange.host !== host })
    request.once('close', () => {
      this.#end(request, exchange, bytes)
    })
    detectAbort(request, exchange)
    this.#inject(request, exchange)
    return true
  }

  /** Some gateways copy the headers of their caller only after they have made the request. */
  #inject(request: ClientRequest, exchange: ClientExchange): void {
    const client = this.#client
    const { span, host } = exchange
    const { setHeader } = request
    const headers = headersOf(request, setHeader)
    client.inject(span, host, headers)
    if (span === undefined || request.headersSent) return
    let late: [name: string, value: Parameters<typeof setHeader>[1]][] | undefined
    request.setHeader = function (this: ClientRequest, name, value) {
      setHeader.call(this, name, value)
      if (!client.isContextHeader(name)) return this
      late ??= []
      late.push([name, value])
      if (client.inject(span, host, headers)) return this
      // The parts of one context may be set in any order: they all stay, and ours go.
      client.withdraw(span, headers)
      for (const header of late) setHeader.apply(this, header)
      return this
    }
  }

  #end(request: ClientRequest, exchange: ClientExchange, bytes: BodyBytes): void {
    this.#running.delete(request)
    const response = (request as { res?: IncomingMessage | null }).res
    exchange.status ??= response?.statusCode
    exchange.sent = bytes.sent || Number(request.getHeader('content-length')) || 0
    exchange.received = bytes.received
    const broken = response != null && !response.complete && !(request as { upgradeOrConnect?: boolean }).upgradeOrConnect
    if (broken) endBroken(response, exchange)
    exchange.close()
  }
}

/** Only callers call `request.destroy()`. It counts as aborted, or as failed after the event `timeout`. */
function detectAbort(request: ClientRequest, exchange: ClientExchange): void {
  let timedOut = false
  request.prependOnceListener('timeout', () => {
    timedOut = true
  })
  const { destroy } = request
  request.destroy = function (this: ClientRequest, error?: Error) {
    if (timedOut) exchange.failed(error ?? new Error('the request timed out'))
    else if (!(request as { res?: IncomingMessage | null }).res?.complete) exchange.aborted(error)
    return destroy.call(this, error)
  }
}

/** True if the caller destroyed a request without a response. If the server had hung up, the connection would have ended or failed. */
function wasDestroyed({ socket, res }: ClientRequest & { res?: unknown }, error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  const failure = socket?.errored as NodeJS.ErrnoException | null | undefined
  const isOpen = socket?.readableEnded !== true && failure?.syscall === undefined
  return isOpen && res == null && code === 'ECONNRESET' && syscall === undefined
}

/** An incomplete response was destroyed by its reader, unless its error is that of a broken connection. */
function endBroken({ errored }: IncomingMessage, exchange: ClientExchange): void {
  const byConnection = (errored as NodeJS.ErrnoException | null)?.code === 'ECONNRESET'
  if (byConnection) exchange.failed(errored)
  else exchange.aborted(errored ?? undefined)
}

/**
 * Host and port of the URL. Node does not keep the port of a request, but it is in the header `Host` unless the program has set that
 * header to another name.
 */
function destinationOf(request: ClientRequest): { host: string; knowsPort: boolean } {
  const { protocol, host } = request
  const [, name, port] = /^(.*?)(?::(\d+))?$/s.exec(stringOf(request.getHeader('host')) ?? '') as unknown as [string, string, string?]
  const knowsPort = name === host || name === `[${host}]`
  return { host: hostWithPort(protocol, host, knowsPort ? port : undefined), knowsPort }
}

function headersOf(request: ClientRequest, setHeader: ClientRequest['setHeader']): OutgoingHeaders {
  return {
    areSent: request.headersSent,
    get: (name) => stringOf(request.getHeader(name)),
    set: (name, value) => void setHeader.call(request, name, value),
    delete: (name) => {
      if (!request.headersSent) request.removeHeader(name)
    },
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
