import { errorMessage } from '../base/errors.js'
import { internString } from '../base/strings/intern-string.js'
import type { Span } from '../trace/span/span.js'
import { Status } from '../trace/data/status.js'

/**
 * The attributes of HTTP spans.
 * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/trace/HTTP.md#attributes
 */
export const HttpAttribute = {
  HOST: 'http.host',
  METHOD: 'http.method',
  PATH: 'http.path',
  ROUTE: 'http.route',
  STATUS_CODE: 'http.status_code',
  URL: 'http.url',
  USER_AGENT: 'http.user_agent',
} as const

/** The status of a response that ends the use of HTTP on its connection. */
export const SWITCHING_PROTOCOLS = 101

/** The data of one request. */
interface HttpRequestFacts {
  readonly method: string
  /** Host, with the port if it is not the default of the scheme. */
  readonly host: string | undefined
  /** Without the query; `/` if it is empty. */
  readonly path: string
  readonly url: string
  readonly userAgent: string | undefined
}

/** Sets the attributes of a request. Those without a value are left out. */
export function addRequestAttributes(span: Span, { method, host, path, url, userAgent }: HttpRequestFacts): void {
  if (host) span.addAttribute(HttpAttribute.HOST, host)
  span.addAttribute(HttpAttribute.METHOD, method)
  span.addAttribute(HttpAttribute.PATH, path)
  span.addAttribute(HttpAttribute.URL, url)
  if (userAgent) span.addAttribute(HttpAttribute.USER_AGENT, userAgent)
}

/** Sets name, message, stack and status of an error. */
export function addErrorAttributes(span: Span, thrown: unknown): void {
  span.recordError(thrown)
  if (!span.sampled) return
  const { name, message, stack } = errorFacts(thrown)
  span.addAttribute('error.name', name)
  span.addAttribute('error.message', message)
  if (stack !== undefined) span.addAttribute('stacktrace', stack)
}

/** Sets attribute and status of a response code. The message of an earlier error stays. */
export function addResponseStatus(span: Span, statusCode: number, reason?: string): void {
  span.addAttribute(HttpAttribute.STATUS_CODE, statusCode)
  setResponseStatus(span, statusCode, reason)
}

/** Sets only the status of a response code. */
export function setResponseStatus(span: Span, statusCode: number, reason?: string): void {
  if (statusCode < 200 || statusCode >= 400) span.setStatus(Status.fromHttpStatus(statusCode, reason))
  else if (!span.status.isOk) span.setStatus(Status.OK)
}

function errorFacts(thrown: unknown): { name: string; message: string; stack: string | undefined } {
  try {
    if (typeof thrown !== 'object' || thrown === null) return { name: typeof thrown, message: String(thrown), stack: undefined }
    const { name, stack } = thrown as { name?: unknown; stack?: unknown }
    return { name: String(name), message: errorMessage(thrown), stack: typeof stack === 'string' ? stack : undefined }
  } catch {
    return { name: 'unknown', message: '', stack: undefined }
  }
}

/** From this length of the query on, the path is copied, so that it does not keep the URL in memory. */
const LONG_QUERY = 4_096

/** The path of a URL without query and fragment; `/` if it is empty. */
export function pathWithoutQuery(url: string): string {
  const query = url.indexOf('?')
  const path = query < 0 ? url : query < url.length - LONG_QUERY ? internString(url.slice(0, query)) : url.slice(0, query)
  return path === '' ? '/' : path
}
