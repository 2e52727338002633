import { currentFrame, runInFrame } from '../../base/context.js'
import { frameWith } from '../../trace/span/current-span.js'
import { type ClientInstrumentation, hostWithPort } from './client-instrumentation.js'
import { endFailed, watchedResponse } from './watched-response.js'

export type Fetch = typeof globalThis.fetch

/**
 * Wraps `fetch` with a client span, trace headers and measures. The exchange ends at the end of the response body, or of the headers if
 * there is no body. The function gets the arguments of its caller with other headers, because it may have a class `Request`, bodies and
 * options of its own.
 */
export function tracedFetch(fetch: Fetch, client: ClientInstrumentation): Fetch {
  return async (input, init) => {
    const request = readRequest(input, init)
    if (request === undefined) return fetch(input, init) // which reports what is invalid
    const { method, url, headers, signal } = request
    const { protocol, hostname, port, pathname, search } = url
    const host = hostWithPort(protocol, hostname, port)
    const userAgent = headers.get('user-agent') ?? undefined
    const exchange = client.begin({ method, host, protocol, target: `${pathname}${search}`, userAgent })
    if (exchange === undefined) return fetch(input, init)
    client.inject(exchange.span, exchange.host, {
      areSent: false,
      get: (name) => headers.get(name) ?? undefined,
      set: (name, value) => headers.set(name, value),
      delete: (name) => headers.delete(name),
    })
    const { span } = exchange
    const call = (): Promise<Response> => fetch(input, withHeaders(init, headers))
    try {
      const response = span === undefined ? await fetch(input, init) : await runInFrame(frameWith(currentFrame(), span), call)
      return watchedResponse(response, exchange, method, signal)
    } catch (error) {
      endFailed(exchange, signal, error)
      throw error
    }
  }
}

interface ReadRequest {
  readonly method: string
  readonly url: URL
  /** A copy. */
  readonly headers: Headers
  readonly signal: AbortSignal | null | undefined
}

/** Returns undefined if the arguments are invalid for Node's `fetch`. */
function readRequest(input: Parameters<Fetch>[0], init: RequestInit = {}): ReadRequest | undefined {
  try {
    const request: Partial<Request> = typeof input === 'object' && 'url' in input ? input : {}
    const method = init.method ?? request.method ?? 'GET'
    const headers = new Headers(init.headers ?? request.headers)
    return { method: method.toUpperCase(), url: new URL(request.url ?? String(input)), headers, signal: init.signal ?? request.signal }
  } catch {
    return undefined
  }
}

/** A request may be passed as options too. Its properties are getters, which spread syntax does not copy. */
function withHeaders(init: RequestInit | undefined, headers: Headers): RequestInit {
  const plain = Object.fromEntries(headers)
  const prototype: unknown = init == null ? null : Object.getPrototypeOf(init)
  if (init == null || prototype === null || prototype === Object.prototype) return { ...init, headers: plain }
  return new Proxy(init, { get: (target, key) => (key === 'headers' ? plain : (Reflect.get(target, key, target) as unknown)) })
}
