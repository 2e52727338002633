import type { ClientRequest, IncomingMessage } from 'node:http'
import { BodyBytes, countReceived, countSent } from '../../http/http-body-bytes.js'
import { listen } from './channels.js'
import type { ClientExchange } from './client-exchange.js'
import { type ClientInstrumentation, hostWithPort, type OutgoingHeaders } from './client-instrumentation.js'

interface Running {
  readonly exchange: ClientExchange
  readonly bytes: BodyBytes
  /** False if only the socket knows the port that the request goes to. */
  readonly knowsPort: boolean
}

/** Watches requests of node:http and node:https. */
export class NodeRequests {
  readonly #client: ClientInstrumentation
  readonly #running = new WeakMap<object, Running | null>()

  constructor(client: ClientInstrumentation) {
    this.#client = client
  }

  /** Begins with a request that has just been made: its headers can still be set. */
  created(request: ClientRequest): void {
    this.#begin(request)
  }

  /** Subscribes; returns what ends it. */
  watch(): () => void {
    return listen({
      // Newer versions of Node publish when a request is made; the others, when all of it has been handed over.
      'http.client.request.created': ({ request }: { request: ClientRequest }) => this.#begin(request),
      'http.client.request.start': ({ request }: { request: ClientRequest }) => this.#begin(request),
      'http.client.request.error': ({ request, error }: { request: ClientRequest; error: unknown }) => {
        const exchange = this.#running.get(request)?.exchange
        // A reader that destroys a response hands its error on to the connection.
        if ((request as { res?: IncomingMessage | null }).res?.errored === error) exchange?.givenUp(error)
        else exchange?.failed(error)
      },
      'http.client.response.finish': ({ request, response }: { request: ClientRequest; response: IncomingMessage }) => {
        const running = this.#running.get(request)
        if (running == null) return
        const { exchange, bytes, knowsPort } = running
        exchange.status = response.statusCode
        if (!knowsPort) exchange.host = hostWithPort(request.protocol, request.host, response.socket?.remotePort)
        countReceived(response, bytes)
      },
    })
  }

  #begin(request: ClientRequest): void {
    if (this.#running.has(request)) return
    const { method, path, protocol } = request
    const { host, knowsPort } = destinationOf(request)
    const exchange = this.#client.begin({ method, host, protocol, target: path, userAgent: stringOf(request.getHeader('user-agent')) })
    if (exchange === undefined) {
      this.#running.set(request, null)
      return
    }
    const bytes = new BodyBytes()
    countSent(request, bytes)
    this.#running.set(request, { exchange, bytes, knowsPort: knowsPort || exchange.host !== host })
    request.once('close', () => {
      this.#end(request, exchange, bytes)
    })
    noticeGivingUp(request, exchange)
    this.#client.inject(exchange.span, exchange.host, headersOf(request))
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

/** Node destroys a request only if its caller does. A caller that waits for the event `timeout` before has not given up: the request has failed. */
function noticeGivingUp(request: ClientRequest, exchange: ClientExchange): void {
  let timedOut = false
  request.once('timeout', () => {
    timedOut = true
  })
  const { destroy } = request
  request.destroy = function (this: ClientRequest, error?: Error) {
    if (timedOut) exchange.failed(error ?? new Error('the request timed out'))
    else if (!(request as { res?: IncomingMessage | null }).res?.complete) exchange.givenUp(error)
    return destroy.call(this, error)
  }
}

/** A response that ends too early was destroyed by its reader, unless Node reports that the connection broke. */
function endBroken({ errored }: IncomingMessage, exchange: ClientExchange): void {
  const byConnection = (errored as NodeJS.ErrnoException | null)?.code === 'ECONNRESET'
  if (byConnection) exchange.failed(errored)
  else exchange.givenUp(errored ?? undefined)
}

/**
 * Host and port as in the URL. A request does not keep its port. The header `Host` that Node writes has it; one that the program
 * writes may have another name, and then only the socket knows.
 */
function destinationOf(request: ClientRequest): { host: string; knowsPort: boolean } {
  const { protocol, host } = request
  const [, name, port] = /^(.*?)(?::(\d+))?$/s.exec(stringOf(request.getHeader('host')) ?? '') as unknown as [string, string, string?]
  const knowsPort = name === host || name === `[${host}]`
  return { host: hostWithPort(protocol, host, knowsPort ? port : undefined), knowsPort }
}

function headersOf(request: ClientRequest): OutgoingHeaders {
  return {
    areSent: request.headersSent,
    get: (name) => stringOf(request.getHeader(name)),
    set: (name, value) => void request.setHeader(name, value),
    delete: (name) => {
      if (!request.headersSent) request.removeHeader(name)
    },
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
