import type { IncomingMessage } from 'node:http'
import type { ServerOptions } from '../../http/make-server-instrumentation.js'

export interface HttpServerOptions extends ServerOptions<IncomingMessage> {
  /** Instruments all servers of the process. False if only the middleware is used. Default true. */
  readonly watch?: boolean
  /**
   * Returns the route of a request, a template and not a path, since it becomes a label value. Undefined means `unmatched`. Called when
   * the response closes. Default: the route of `setRoute`, else the template of Express.
   */
  readonly route?: (request: IncomingMessage) => string | undefined
}
