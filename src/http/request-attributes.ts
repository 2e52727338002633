import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { HttpAttribute, pathWithoutQuery } from './http-attributes.js'
import type { AttributeSource } from '../trace/data/span-details.js'

/**
 * The attributes of a server span as what they are made of: few spans of a busy server are looked at before they are
 * exported, and texts are cheaper to keep than a map. Does not keep the request.
 */
export class RequestAttributes implements AttributeSource {
  readonly method: string
  readonly host: string | undefined
  readonly target: string
  readonly userAgent: string | undefined
  readonly isEncrypted: boolean
  /** Undefined where no route answers. */
  readonly route: string | undefined
  /** Roughly: host and target stand in two attributes each. */
  readonly bytes: number
  /** 0 as long as there is none. */
  statusCode: number
  /** The span has them: what comes later has to be told to it. */
  isTold: boolean

  constructor(request: IncomingMessage, host: string | undefined, route: string | undefined) {
    const { method = 'GET', url = '/', headers, socket } = request
    this.method = method
    this.host = host
    this.target = url
    this.userAgent = headers['user-agent']
    this.isEncrypted = (socket as TLSSocket | null)?.encrypted === true
    this.route = route
    this.bytes = 2 * (url.length + (host?.length ?? 0)) + (this.userAgent?.length ?? 0)
    this.statusCode = 0
    this.isTold = false
  }

  addTo(add: (key: string, value: unknown) => void): void {
    this.isTold = true
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
