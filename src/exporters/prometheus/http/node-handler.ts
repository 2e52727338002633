import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkOptions } from '../../../base/check-options.js'
import { clientSignal } from '../../../serving/client-signal.js'
import { responseTurn } from '../../../serving/response-turn.js'
import { limitUnread, sendStream } from '../../../serving/send-body.js'
import { HANDLER_OPTIONS, type MetricsHandlerOptions, ScrapeHandler } from './handler.js'
import { ScrapeBody } from './scrape-body.js'

export type NodeHandlerOptions = MetricsHandlerOptions

/**
 * The metrics endpoint for node:http and Express. Mount it at any path. It answers GET and HEAD; other methods get status 405. If a body
 * fails, the connection is destroyed, so that the client does not accept an incomplete document. Pipelined requests on one connection are
 * processed one after the other.
 *
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` when an option is out of range.
 * @example
 * app.use('/metrics', nodeHandler({ producers: [stats] }))
 */
export function nodeHandler(options: NodeHandlerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  checkOptions('nodeHandler', options, HANDLER_OPTIONS)
  return serveScrapes(new ScrapeHandler(options))
}

/** The same for an existing handler. */
export function serveScrapes(handler: ScrapeHandler): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    reply(handler, request, response).catch(() => response.destroy())
  }
}

async function reply(handler: ScrapeHandler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!(await responseTurn(request, response))) return
  const signal = clientSignal(response)
  const query = /\?(.*)$/s.exec(request.url ?? '')?.[1] ?? ''
  const { status, headers, body } = await handler.respond(request.headers, query, { method: request.method, signal })
  if (signal.aborted || response.headersSent) return void response.destroy() // the client has disconnected
  // A request body is not read; the connection ends with the response instead.
  if (hasBody(request)) response.setHeader('connection', 'close')
  response.writeHead(status, headers)
  if (body instanceof ScrapeBody) return sendStream(body, response)
  const bytes = request.method === 'HEAD' ? undefined : (body as Uint8Array | undefined)
  response.end(bytes)
  limitUnread(response, bytes?.length ?? 0, handler.sendLimits)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
