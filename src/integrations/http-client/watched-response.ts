import type { Readable } from 'node:stream'
import { bodyLength } from '../../http/http-body-bytes.js'
import type { ClientExchange } from './client-exchange.js'

/** Responses with these codes have no body, even if an implementation of `fetch` returns an empty one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304])

/** Ends the exchange at the end of the body. Returns the response, or a copy of it whose body is counted. */
export function watchedResponse(
  response: Response,
  exchange: ClientExchange,
  method: string,
  signal: AbortSignal | null | undefined,
): Response {
  const { body, status } = response
  exchange.status = status
  if (body == null || method === 'HEAD' || WITHOUT_BODY.has(status)) exchange.close()
  else if (typeof body.getReader === 'function') return copyOf(response, watchedBody(body, exchange, signal))
  else if (isNodeStream(body)) watchNodeStream(body, exchange, signal)
  else exchange.close()
  return response
}

/** If the signal is aborted, the caller ended the request, whatever the error is. */
export function endFailed(exchange: ClientExchange, signal: AbortSignal | null | undefined, error: unknown): void {
  if (signal?.aborted === true) exchange.aborted(signal.reason)
  else exchange.failed(error)
  exchange.close()
}

function watchedBody(body: ReadableStream<Uint8Array>, exchange: ClientExchange, signal: AbortSignal | null | undefined): ReadableStream {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          exchange.close()
          controller.close()
          return
        }
        exchange.received += value.byteLength
        controller.enqueue(value)
      } catch (error) {
        endFailed(exchange, signal, error)
        controller.error(error)
      }
    },
    async cancel(reason) {
      exchange.aborted(reason)
      exchange.close()
      await reader.cancel(reason)
    },
  })
}

/** A response of the same class. Its constructor neither accepts all codes that servers send, nor sets the other properties. */
function copyOf(response: Response, body: ReadableStream): Response {
  const { statusText, headers, status, ok, url, redirected, type } = response
  const copy = new (response.constructor as typeof Response)(body, { statusText, headers })
  return withProperties(copy, { status, ok, url, redirected, type })
}

function withProperties(copy: Response, values: Readonly<Record<string, unknown>>): Response {
  for (const [name, value] of Object.entries(values)) Object.defineProperty(copy, name, { value, configurable: true })
  const { clone } = copy
  return Object.defineProperty(copy, 'clone', { value: () => withProperties(clone.call(copy), values), configurable: true })
}

function isNodeStream(body: unknown): body is Readable {
  const { on, push } = body as Partial<Readable>
  return typeof on === 'function' && typeof push === 'function'
}

/** The body of node-fetch. Programs expect this stream, so it is not replaced. */
function watchNodeStream(body: Readable, exchange: ClientExchange, signal: AbortSignal | null | undefined): void {
  const { push } = body
  exchange.received += body.readableLength
  body.push = function (this: Readable, chunk: unknown, encoding?: BufferEncoding) {
    exchange.received += bodyLength(chunk, encoding)
    return push.call(this, chunk, encoding)
  }
  body.once('close', () => {
    if (body.errored != null) return endFailed(exchange, signal, body.errored)
    if (!body.readableEnded) exchange.aborted(signal?.reason)
    exchange.close()
  })
}
