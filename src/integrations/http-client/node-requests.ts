import type { ClientRequest, IncomingMessage } from 'node:http'
import { BodyBytes, countReceived, countSent } from '../../http/http-body-bytes.js'
import { headersSent, listen } from './channels.js'
import type { ClientExchange } from './client-exchange.js'
import { type ClientInstrumentation, hostWithPort } from './client-instrumentation.js'

interface Running {
  readonly exchange: ClientExchange
  readonly bytes: BodyBytes
}

/** Watches requests of node:http and node:https. */
export class NodeRequests {
  readonly #side: ClientInstrumentation
  readonly #running = new WeakMap<object, Running | null>()

  constructor(side: ClientInstrumentation) {
    this.#side = side
  }

  /** Begins with a request that has just been made: its headers can still be set. */
  created(request: ClientRequest): void {
    this.#begin(request)
  }

  /** Subscribes; gives what ends it. */
  watch(): () => void {
    return listen({
      // Newer versions of Node tell when a request is made; the others, when all of it has been handed over.
      'http.client.request.created': ({ request }: { request: ClientRequest }) => this.#begin(request),
      'http.client.request.start': ({ request }: { request: ClientRequest }) => this.#begin(request),
      'http.client.request.error': ({ request, error }: { request: ClientRequest; error: unknown }) => {
        this.#running.get(request)?.exchange.failed(error)
      },
      'http.client.response.finish': ({ request, response }: { request: ClientRequest; response: IncomingMessage }) => {
        const running = this.#running.get(request)
        if (running == null) return
        running.exchange.status = response.statusCode
        countReceived(response, running.bytes)
      },
    })
  }

  #begin(request: ClientRequest): void {
    if (this.#running.has(request)) return
    const { method, path, protocol } = request
    const host = hostOf(request)
    const exchange = this.#side.begin({ method, host, protocol, target: path, userAgent: textOf(request.getHeader('user-agent')) })
    if (exchange === undefined) {
      this.#running.set(request, null)
      return
    }
    const bytes = new BodyBytes()
    countSent(request, bytes)
    this.#running.set(request, { exchange, bytes })
    request.once('close', () => {
      this.#end(request, exchange, bytes)
    })
    if (this.#side.fields.some((name) => request.hasHeader(name))) return
    if (request.headersSent) headersSent.value++
    else this.#side.inject(exchange.span, host, request)
  }

  #end(request: ClientRequest, exchange: ClientExchange, bytes: BodyBytes): void {
    this.#running.delete(request)
    const response = (request as { res?: IncomingMessage | null }).res
    exchange.status ??= response?.statusCode
    exchange.sent = bytes.sent || Number(request.getHeader('content-length')) || 0
    exchange.received = bytes.received
    const broken = response != null && !response.complete && !(request as { upgradeOrConnect?: boolean }).upgradeOrConnect
    if (broken) exchange.failed(response.errored ?? new Error('the response was broken off'))
    exchange.close()
  }
}

/** As in the URL: the header `Host` may say another name. */
function hostOf(request: ClientRequest): string {
  const { protocol, host } = request
  const header = textOf(request.getHeader('host'))
  // The request does not keep its port; the header that Node makes of it does.
  const port = header !== undefined && /:(\d+)$/.exec(header)?.[1]
  return hostWithPort(protocol, host, port || undefined)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
