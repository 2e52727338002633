import { runInFrame, currentFrame } from '../../base/context.js'
import { frameWith } from '../../trace/span/current-span.js'
import type { ClientExchange } from './client-exchange.js'
import { type ClientInstrumentation, hostWithPort } from './client-instrumentation.js'

export type Fetch = typeof globalThis.fetch

/**
 * Wraps `fetch` with a client span, trace headers and measures. The exchange ends at the end of the response body, or of the headers if
 * there is no body.
 */
export function tracedFetch(fetch: Fetch, client: ClientInstrumentation): Fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { protocol, hostname, port, pathname, search } = new URL(request.url)
    const host = hostWithPort(protocol, hostname, port)
    const { method, headers } = request
    const userAgent = headers.get('user-agent') ?? undefined
    const exchange = client.begin({ method, host, protocol, target: `${pathname}${search}`, userAgent })
    if (exchange === undefined) return fetch(request)
    client.inject(exchange.span, exchange.host, {
      areSent: false,
      get: (name) => headers.get(name) ?? undefined,
      set: (name, value) => headers.set(name, value),
      delete: (name) => headers.delete(name),
    })
    const call = (): Promise<Response> => fetch(request)
    try {
      const { span } = exchange
      const response = await (span === undefined ? call() : runInFrame(frameWith(currentFrame(), span), call))
      exchange.status = response.status
      return counted(response, exchange, request.signal)
    } catch (error) {
      fail(exchange, request.signal, error)
      throw error
    }
  }
}

/** If the signal is aborted, the caller ended the request, whatever the error is. */
function fail(exchange: ClientExchange, signal: AbortSignal, error: unknown): void {
  if (signal.aborted) exchange.aborted(signal.reason)
  else exchange.failed(error)
  exchange.close()
}

function counted(response: Response, exchange: ClientExchange, signal: AbortSignal): Response {
  const { body } = response
  if (body === null) {
    exchange.close()
    return response
  }
  const reader = body.getReader()
  const watchedBody = new ReadableStream<Uint8Array>({
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
        fail(exchange, signal, error)
        controller.error(error)
      }
    },
    async cancel(reason) {
      exchange.aborted(reason)
      exchange.close()
      await reader.cancel(reason)
    },
  })
  const { status, statusText, headers, url, redirected, type } = response
  const copy = new Response(watchedBody, { status, statusText, headers })
  // The constructor cannot set these.
  return Object.defineProperties(copy, { url: { value: url }, redirected: { value: redirected }, type: { value: type } })
}
