import { Agent as HttpAgent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { errorCode } from '../../base/errors.js'
import { errorText } from '../../base/rate-limited-log.js'
import { runDetached } from '../../base/suppression.js'
import { inNextTurn, startTimer } from '../../base/timer.js'
import { redactSecrets } from '../../base/strings/redact-credentials.js'
import { settle, TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import { sizeOf } from '../../base/byte-chunks.js'
import type { Destination } from './destination.js'
import { type HeaderValues, headersFault, headerSecrets } from './request-headers.js'
import { replyBody } from './reply-body.js'
import type { SenderSettings } from './sender-options.js'

/** A response of the receiver. */
export interface HttpReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The decompressed body; undefined if it was longer than 4 MiB, could not be decompressed, or did not arrive completely. */
  readonly body: Buffer | undefined
  /** Strings that must not appear in messages about this response. */
  readonly secrets: readonly string[]
  /** False if the receiver responded before the whole request was written: the bytes of its body are then still in use. */
  readonly isWhollySent: boolean
}

/** A request that got no response. The message contains no secrets. */
export class SendError extends Error {
  readonly reason: 'network' | 'timeout' | 'headers'
  readonly code: string | undefined
  constructor(reason: SendError['reason'], message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
    this.code = errorCode(cause)
  }
}

export interface HttpRequest {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  /** Chunks of the body, sent in this order. */
  readonly body: readonly Uint8Array[]
  readonly headers: HeaderValues
  /** Encoded parameters, appended to the query of the destination. Default: none. */
  readonly query?: string | undefined
  readonly timeoutMs: number
}

/**
 * Sends requests to one destination over keep-alive connections. Redirects are not followed, since they could leak the authorization.
 * The requests are neither traced nor measured.
 */
export class HttpSender {
  readonly #destination: Destination
  readonly #settings: SenderSettings
  readonly #agent: HttpAgent
  /** Opens a new connection for each request: for the retry after {@link StaleConnection}. */
  readonly #freshAgent: HttpAgent
  readonly #running = new Set<ClientRequest>()

  constructor(destination: Destination, settings: SenderSettings) {
    this.#destination = destination
    this.#settings = settings
    const { concurrency, tls } = settings
    const kept = { keepAlive: true, maxSockets: concurrency, maxFreeSockets: concurrency, ...tls }
    const isSecure = destination.url.protocol === 'https:'
    this.#agent = isSecure ? new HttpsAgent(kept) : new HttpAgent(kept)
    this.#freshAgent = isSecure ? new HttpsAgent({ ...tls }) : new HttpAgent({})
  }

  /** Sends a request once. @throws {@link SendError} (as a rejection) if there is no response in time. */
  async send(request: HttpRequest): Promise<HttpReply> {
    const endsMs = this.#settings.clock.monotonicMs() + request.timeoutMs
    const own = await this.#headers(request.timeoutMs)
    const secrets = [...this.#destination.secrets, ...headerSecrets(own)]
    const length = sizeOf(request.body)
    const headers = {
      ...(this.#destination.authorization !== undefined && { authorization: this.#destination.authorization }),
      ...own,
      ...request.headers,
      'user-agent': this.#settings.userAgent,
      'content-length': String(length),
    }
    const attempt = async (agent: HttpAgent): Promise<HttpReply> => {
      const opened = runDetached(() => this.#open(agent, request, headers))
      return this.#exchange(opened, request, secrets, endsMs)
    }
    try {
      return await attempt(this.#agent)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
      return attempt(this.#freshAgent)
    }
  }

  /** Closes all connections. Running requests fail. */
  close(): void {
    for (const request of this.#running) request.destroy()
    this.#agent.destroy()
    this.#freshAgent.destroy()
  }

  async #headers(timeoutMs: number): Promise<HeaderValues> {
    const { headers, clock } = this.#settings
    if (typeof headers !== 'function') return headers
    const reading = settle(async () => {
      const made = await runDetached(headers)
      const fault = headersFault(made)
      if (fault !== undefined) throw new SendError('headers', fault)
      return made
    })
    const end = await withTimeout(reading, { clock, timeoutMs })
    if (end === TIMED_OUT) throw new SendError('timeout', `the headers function did not settle within ${Math.round(timeoutMs)} ms`)
    if (end.status === 'fulfilled') return end.value
    const { reason } = end
    throw reason instanceof SendError ? reason : new SendError('headers', `the headers function failed: ${errorText(reason)}`, reason)
  }

  #open(agent: HttpAgent, { method, query = '' }: HttpRequest, headers: HeaderValues): ClientRequest {
    const { url } = this.#destination
    const make = url.protocol === 'https:' ? httpsRequest : httpRequest
    const more = query === '' ? '' : `${url.search === '' ? '?' : '&'}${query}`
    return make({
      agent,
      method,
      headers,
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: `${url.pathname}${url.search}${more}`,
    })
  }

  /** Sends the body and waits for the response, until `endsMs` of the monotonic clock. */
  #exchange(request: ClientRequest, { body, timeoutMs }: HttpRequest, secrets: readonly string[], endsMs: number): Promise<HttpReply> {
    const { clock } = this.#settings
    return new Promise((resolve, reject) => {
      let response: IncomingMessage | undefined
      const end = (report: () => void): void => {
        stop()
        this.#running.delete(request)
        report()
      }
      const succeed = ({ statusCode: status, headers: fields }: IncomingMessage, read: Buffer | undefined): void => {
        const isWhollySent = request.writableFinished
        end(() => resolve({ status: status!, headers: fields, body: read, secrets, isWhollySent }))
        // The receiver might never read the rest, and would keep one of few connections.
        if (!isWhollySent || read === undefined) request.destroy()
      }
      const fail = (error: unknown): void => {
        // The status is the outcome. A request whose response was cut must not be sent again if it was accepted.
        if (response !== undefined) return succeed(response, undefined)
        const isStale = request.reusedSocket && STALE.has(errorCode(error))
        const message = redactSecrets(errorText(error), secrets)
        end(() => reject(isStale ? new StaleConnection() : new SendError('network', message, error)))
        request.destroy()
      }
      const stop = startTimer(clock, Math.max(endsMs - clock.monotonicMs(), 1), () => {
        if (response !== undefined) return succeed(response, undefined)
        end(() => reject(new SendError('timeout', `no response within ${Math.round(timeoutMs)} ms`)))
        request.destroy()
      })
      this.#running.add(request)
      request.on('error', fail)
      // Node emits no error if a receiver switches to another protocol.
      request.once('close', () => {
        if (response === undefined) fail(new Error('the connection was closed without a response'))
      })
      request.once('response', (arrived: IncomingMessage) => {
        response = arrived
        arrived.on('error', fail) // without a listener, an error would end the process
        replyBody(arrived).then((read) => succeed(arrived, read), fail)
      })
      runDetached(() => writeBody(request, body))
    })
  }
}

const PIECE_BYTES = 131_072

/**
 * Writes a body in pieces, each in a separate turn of the event loop, after the previous one is drained. The operating system copies a
 * piece synchronously, so a long body in one turn would block the event loop.
 */
function writeBody(request: ClientRequest, body: readonly Uint8Array[]): void {
  const pieces = body.flatMap(piecesOf)
  const goOn = (): void => {
    if (request.destroyed) return
    let hasRoom = true
    while (hasRoom && pieces.length > 0) hasRoom = request.write(pieces.shift())
    if (pieces.length > 0) request.once('drain', () => void inNextTurn(goOn))
    else request.end()
  }
  inNextTurn(goOn)
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) pieces.push(bytes.subarray(at, at + PIECE_BYTES))
  return pieces
}

/** Error codes of a write to a connection that the other side has closed. */
const STALE: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE'])

/** The receiver closed a keep-alive connection before it read the request, which can therefore be sent again. */
class StaleConnection extends Error {}
