import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { milliseconds } from '../../../serving/options.js'
import { clientSignal } from '../../../serving/client-signal.js'
import { type MetricsHandler, type MetricsHandlerOptions, metricsHandler } from './handler.js'

export interface NodeHandlerOptions extends MetricsHandlerOptions {
  /** Time for sending a body, in milliseconds; a reader that is slower is cut off. Default 20 000. */
  readonly sendTimeoutMs?: number
}

/**
 * The metrics endpoint for node:http and Express: mount it at a path of your choice. It answers GET and HEAD, other
 * methods get 405. A body that fails on its way breaks the connection, so that no reader takes a part for the whole.
 *
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` when an option is out of range.
 * @example
 * app.use('/metrics', nodeHandler({ producers: [stats] }))
 */
export function nodeHandler(options: NodeHandlerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const handle = metricsHandler(options)
  const sendTimeoutMs = milliseconds('sendTimeoutMs', options.sendTimeoutMs, 20_000)
  return (request, response) => {
    reply(handle, request, response, sendTimeoutMs).catch(() => response.destroy())
  }
}

async function reply(handle: MetricsHandler, request: IncomingMessage, response: ServerResponse, sendTimeoutMs: number): Promise<void> {
  const signal = clientSignal(request, response)
  const query = /\?(.*)$/s.exec(request.url ?? '')?.[1] ?? ''
  const { status, headers, body } = await handle(request.headers, query, { method: request.method, signal })
  const giveUp = (): void => {
    response.destroy()
    // A response that still waits for its connection is destroyed when its turn comes; what it holds is let go of now.
    if (body !== undefined && !(body instanceof Uint8Array)) void body.return?.()
  }
  if (signal.aborted || response.headersSent) return giveUp()
  const timer = setTimeout(giveUp, sendTimeoutMs)
  timer.unref()
  signal.addEventListener('abort', () => clearTimeout(timer))
  // A body nobody asked for is not read; the connection ends with the answer instead.
  if (hasBody(request)) response.setHeader('connection', 'close')
  response.writeHead(status, headers)
  if (request.method === 'HEAD' || body === undefined) response.end()
  else if (body instanceof Uint8Array) response.end(body)
  else await pipeline(body, response)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
