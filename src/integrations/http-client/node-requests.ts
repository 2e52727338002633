import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { countReceived } from '../../http/http-body-bytes.js'
import { callSafely, listen } from './channels.js'
import { type ClientInstrumentation, hostWithPort, type OutgoingHeaders, type OutgoingRequest } from './client-instrumentation.js'
import { RenderedHeaders } from './rendered-headers.js'
import { RunningRequest, runningOf, tie, timeoutError } from './running-request.js'

/** Instruments requests of node:http and node:https. */
export class NodeRequests {
  readonly #client: ClientInstrumentation

  constructor(client: ClientInstrumentation) {
    this.#client = client
  }

  /** Starts the exchange of a request whose headers are not sent yet. */
  created(request: ClientRequest): void {
    callSafely((created) => this.#begin(created), request)
  }

  /** Subscribes to Node's channels and returns a function that unsubscribes. */
  watch(): () => void {
    return listen({
      // Published from Node 22.12 on, before headers are sent. Older versions only publish `start`, when the request is written.
      'http.client.request.created': ({ request }: { request: ClientRequest }) => this.#begin(request),
      'http.client.request.start': ({ request }: { request: ClientRequest }) => this.#begin(request),
      'http.client.request.error': ({ request, error }: { request: ClientRequest; error: unknown }) => {
        this.#begin(request) // it was never sent completely
        const running = runningOf(request)
        if (running != null) this.#failed(request, running, error)
      },
      'http.client.response.finish': ({ request, response }: { request: ClientRequest; response: IncomingMessage }) => {
        this.#begin(request)
        const running = runningOf(request)
        if (running == null) return
        running.exchange.status = response.statusCode
        if (running.withoutPort !== undefined) this.#locate(request, running, response.socket?.remotePort)
        countReceived(response, running.bytes)
      },
    })
  }

  #begin(request: ClientRequest): void {
    if (runningOf(request) !== undefined) return
    const { method, path, protocol, headersSent: isRendered } = request
    const { host, knowsPort } = destinationOf(request, isRendered)
    const sent: OutgoingRequest = { method, host, protocol, target: path, userAgent: headerOf(request, 'user-agent', isRendered) }
    const exchange = this.#client.begin(sent)
    if (exchange === undefined) return tie(request, null)
    // A proxy gets the whole URL of its target, which has the port.
    const running = new RunningRequest(request, exchange, isRendered, knowsPort || exchange.host !== host ? undefined : sent)
    request.on('close', () => {
      this.#end(request, running)
    })
    this.#watchSocket(request, running)
    this.#inject(request, running)
  }

  #watchSocket(request: ClientRequest, running: RunningRequest): void {
    const watch = (socket: Socket): void => {
      running.watchTimeouts(socket)
      if (running.withoutPort === undefined) return
      const locate = (): void => this.#locate(request, running, socket.remotePort)
      if (socket.connecting) socket.once('connect', locate)
      else locate()
    }
    if (request.socket == null) request.once('socket', watch)
    else watch(request.socket)
  }

  #locate(request: ClientRequest, running: RunningRequest, port: unknown): void {
    const { exchange, withoutPort } = running
    if (withoutPort === undefined || typeof port !== 'number') return
    running.withoutPort = undefined
    this.#client.locate(exchange, { ...withoutPort, host: hostWithPort(request.protocol, request.host, port) })
  }

  #failed(request: ClientRequest, running: RunningRequest, error: unknown): void {
    const { exchange, timedOut } = running
    this.#locate(request, running, portIn(error))
    // Node passes the error with which a reader destroys a response on to the request.
    if ((request as { res?: IncomingMessage | null }).res?.errored === error) exchange.aborted(error)
    else if (!timedOut && isOwnEnd(request, error)) exchange.aborted()
    else exchange.failed(error)
  }

  /** Some gateways copy the headers of their caller only after they have made the request. */
  #inject(request: ClientRequest, running: RunningRequest): void {
    const client = this.#client
    const { span, host } = running.exchange
    const { setHeader } = request
    const headers = request.headersSent ? new RenderedHeaders(request) : new SetHeaders(request)
    client.inject(span, host, headers)
    if (span === undefined || request.headersSent) return
    let late: Parameters<typeof setHeader>[] | undefined
    running.watchHeaders(request, (...header) => {
      if (!client.isContextHeader(header[0])) return
      late ??= []
      late.push(header)
      if (client.inject(span, host, headers, Object.fromEntries(late))) return
      // The parts of one context may be set in any order: they all stay, and ours go.
      client.withdraw(span, headers)
      for (const each of late) setHeader.apply(request, each)
    })
  }

  #end(request: ClientRequest, running: RunningRequest): void {
    const { exchange, bytes, isRendered } = running
    running.leaveSocket()
    const response = (request as { res?: IncomingMessage | null }).res
    exchange.status ??= response?.statusCode
    exchange.sent = bytes.sent || Number(headerOf(request, 'content-length', isRendered)) || 0
    exchange.received = bytes.received
    const broken = response != null && !response.complete && !(request as { upgradeOrConnect?: boolean }).upgradeOrConnect
    if (broken) endBroken(request, response, running)
    exchange.close()
  }
}

/**
 * True if the program destroyed the request or its socket, for example by `agent.destroy()`. If the server had hung up, the connection
 * would have ended or failed.
 */
function isOwnEnd({ socket }: ClientRequest, error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  if (syscall !== undefined) return false
  const failure = socket?.errored as NodeJS.ErrnoException | null | undefined
  if (code === undefined) return failure != null && failure === error
  const hasFailed = failure?.syscall !== undefined || /^(HPE_|ERR_SSL)/.test(failure?.code ?? '')
  return code === 'ECONNRESET' && socket?.readableEnded !== true && !hasFailed
}

/** An incomplete response was destroyed by its reader or with its socket, unless the connection broke or the event `timeout` came before. */
function endBroken(request: ClientRequest, { errored }: IncomingMessage, { exchange, timedOut }: RunningRequest): void {
  const byConnection = (errored as NodeJS.ErrnoException | null)?.code === 'ECONNRESET' && !isOwnEnd(request, errored)
  if (byConnection || timedOut) exchange.failed(errored ?? timeoutError())
  else exchange.aborted(errored ?? undefined)
}

/** The port of a connection that failed. If a name has several addresses, there is an error for each. */
function portIn(error: unknown): unknown {
  const { port, errors } = (error ?? {}) as { port?: unknown; errors?: readonly { port?: unknown }[] }
  return port ?? errors?.[0]?.port
}

/**
 * Host and port of the URL. Node does not keep the port of a request, but it is in the header `Host` unless the program has set that
 * header to another name.
 */
function destinationOf(request: ClientRequest, isRendered: boolean): { host: string; knowsPort: boolean } {
  const { protocol, host } = request
  const header = headerOf(request, 'host', isRendered) ?? ''
  const nameEnd = endOfName(header)
  const name = header.slice(0, nameEnd)
  const knowsPort = name === host || name === `[${host}]`
  return { host: hostWithPort(protocol, host, knowsPort ? header.slice(nameEnd + 1) : undefined), knowsPort }
}

const COLON = 0x3a
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** The end of the name in `name:port` or `name`. */
function endOfName(host: string): number {
  let at = host.length
  while (at > 0 && isDigit(host.charCodeAt(at - 1))) at--
  return at > 0 && at < host.length && host.charCodeAt(at - 1) === COLON ? at - 1 : host.length
}

/** The headers of a request that are not rendered. */
class SetHeaders implements OutgoingHeaders {
  readonly areSent = false
  readonly #request: ClientRequest
  /** The method of the request, which is then replaced. */
  readonly #setHeader: ClientRequest['setHeader']

  constructor(request: ClientRequest) {
    this.#request = request
    this.#setHeader = request.setHeader
  }

  get(name: string): string | undefined {
    return stringOf(this.#request.getHeader(name))
  }

  set(name: string, value: string): void {
    this.#setHeader.call(this.#request, name, value)
  }

  delete(name: string): void {
    if (!this.#request.headersSent) this.#request.removeHeader(name)
  }
}

/** @param isRendered True if the request may have headers that only its head contains. */
function headerOf(request: ClientRequest, name: string, isRendered: boolean): string | undefined {
  return stringOf(request.getHeader(name)) ?? (isRendered ? new RenderedHeaders(request).get(name) : undefined)
}

/** The value of a header, which may be a number, or an array as in `headersDistinct`. */
function stringOf(value: unknown): string | undefined {
  return value === undefined ? undefined : Array.isArray(value) ? value.join(', ') : String(value)
}
