import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkOptions } from '../../../base/check-options.js'
import { DefinitionError } from '../../../base/errors.js'
import { closeAfterBody } from '../../../serving/close-after-body.js'
import { inTurn } from '../../../serving/response-turn.js'
import { limitUnread, sendStream } from '../../../serving/send-body.js'
import { HANDLER_OPTIONS, type MetricsHandlerOptions, ScrapeHandler } from './handler.js'
import { ScrapeBody } from './scrape-body.js'

export type NodeHandlerOptions = MetricsHandlerOptions

/**
 * The metrics endpoint for node:http, the compatible servers of node:http2, and Express. It serves GET and HEAD at any path; other methods
 * get status 405.
 *
 * If a body fails, the connection is destroyed, so that a partial document is not taken for a whole one. Requests of one connection, also
 * of HTTP/2, are processed one at a time.
 *
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` if an option is out of range. The handler throws `ERR_HANDLER` if it is called
 *   by a server of another kind.
 * @example
 * app.use('/metrics', nodeHandler({ producers: [stats] }))
 */
export function nodeHandler(options: NodeHandlerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  checkOptions('nodeHandler', options, HANDLER_OPTIONS)
  return serveScrapes(new ScrapeHandler(options))
}

/** Like {@link nodeHandler}, for an existing handler. */
export function serveScrapes(handler: ScrapeHandler): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    if (typeof response?.writeHead !== 'function') {
      throw new DefinitionError(
        'ERR_HANDLER',
        'nodeHandler needs the request and the response of node:http: in Fastify pass request.raw and reply.raw, for a Request use fetchHandler',
      )
    }
    reply(handler, request, response).catch(() => response.destroy())
  }
}

async function reply(handler: ScrapeHandler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, headers: given, url = '' } = request
  const query = /\?(.*)$/s.exec(url)?.[1] ?? ''
  const result = await inTurn(request, response, async (signal) => ({
    signal,
    ...(await handler.respond(given, query, { method, signal })),
  }))
  if (result === undefined) return
  const { signal, status, headers, body } = result
  if (signal.aborted || response.headersSent) return void response.destroy()
  closeAfterBody(request, response)
  response.writeHead(status, headers)
  if (body instanceof ScrapeBody) return sendStream(body, response)
  const bytes = method === 'HEAD' ? undefined : (body as Uint8Array | undefined)
  response.end(bytes)
  limitUnread(response, bytes?.length ?? 0, handler.sendLimits)
}
