import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { HttpAttribute, pathWithoutQuery } from './http-attributes.js'
import { type UrlQuery, withoutUserInfo, withUrlQuery } from './url-query.js'
import type { AttributeSource } from '../trace/data/span-details.js'
import type { Span } from '../trace/span/span.js'

/**
 * The strings from which the attributes of a server span are computed when they are read. Strings take less memory than a map while the
 * span waits for its export. It has no reference to the request.
 */
export class RequestAttributes implements AttributeSource {
  readonly method: string
  readonly host: string | undefined
  readonly target: string
  readonly userAgent: string | undefined
  readonly isEncrypted: boolean
  /** Undefined if no route matches. */
  route: string | undefined
  /** An estimate: host and target are in two attributes each. */
  readonly bytes: number
  /** 0 while there is none. */
  statusCode: number
  /** True once the span has the attributes. Later ones must be added to the span. */
  isAdded: boolean

  constructor(request: IncomingMessage, host: string | undefined, route: string | undefined, urlQuery: UrlQuery) {
    const { method = 'GET', url = '/', headers, socket } = request
    this.method = method
    this.host = host
    this.target = withUrlQuery(withoutUserInfo(url), urlQuery)
    this.userAgent = headers['user-agent']
    this.isEncrypted = (socket as TLSSocket | null)?.encrypted === true
    this.route = route
    this.bytes = 2 * (this.target.length + (host?.length ?? 0)) + (this.userAgent?.length ?? 0)
    this.statusCode = 0
    this.isAdded = false
  }

  addTo(add: (key: string, value: unknown) => void): void {
    this.isAdded = true
    const { host, target } = this
    if (host) add(HttpAttribute.HOST, host)
    add(HttpAttribute.METHOD, this.method)
    add(HttpAttribute.PATH, pathWithoutQuery(target))
    add(
      HttpAttribute.URL,
      target.startsWith('/') && host !== undefined ? `${this.isEncrypted ? 'https' : 'http'}://${host}${target}` : target,
    )
    if (this.userAgent) add(HttpAttribute.USER_AGENT, this.userAgent)
    if (this.route !== undefined) add(HttpAttribute.ROUTE, this.route)
    if (this.statusCode !== 0) add(HttpAttribute.STATUS_CODE, this.statusCode)
  }
}

/** Sets the status code of a server span: in its attributes, or on the span itself if that has them already. */
export function setStatusCode(span: Span, attributes: RequestAttributes | undefined, statusCode: number): void {
  if (attributes === undefined || attributes.isAdded) span.addAttribute(HttpAttribute.STATUS_CODE, statusCode)
  else attributes.statusCode = statusCode
}
