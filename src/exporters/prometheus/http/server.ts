import { checkOptions, type OptionNames, optionNames } from '../../../base/check-options.js'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspectValue } from '../../../base/strings/inspect-value.js'
import { DefinitionError, TallyscopeError } from '../../../base/errors.js'
import { closeAfterBody } from '../../../serving/close-after-body.js'
import { ownServer } from '../../../serving/owned-servers.js'
import { ConnectionTracker } from '../../../serving/connection-tracker.js'
import { milliseconds, ownOptions, wholeNumber } from '../../../serving/options.js'
import { HANDLER_OPTIONS, ScrapeHandler } from './handler.js'
import { type NodeHandlerOptions, serveScrapes } from './node-handler.js'
import { countClosedConnection } from './scrape-counts.js'

export interface ServeMetricsOptions extends NodeHandlerOptions {
  /** Port to listen on, 0 … 65 535; 0 for any free port. Default 9464. */
  readonly port?: number
  /** The address to listen on. Default `127.0.0.1`: only this machine. */
  readonly host?: string
  /** Path of the metrics, with or without a slash at its end. Other paths are answered with 404. Default `/metrics`. */
  readonly path?: string
  /** Time limit for a request to arrive, in milliseconds, 1 … 2^31 - 1. Default 10 000. */
  readonly requestTimeoutMs?: number
  /** Time limit for the headers of a request, in milliseconds, 1 … `requestTimeoutMs`. Default 8 000. */
  readonly headersTimeoutMs?: number
  /**
   * Maximum number of connections, 1 … 1 000 000. A further one replaces the connection that has been without a request for the longest. If all
   * have one, it is closed. Both are counted in `tallyscope_prometheus_closed_connections_total`. Default 2 000.
   */
  readonly maxConnections?: number
  /** True if the server must not keep the process alive. Default false. */
  readonly unref?: boolean
  /** Time that `close` waits for running scrapes, in milliseconds, 0 … 2^31 - 1; after it they are aborted. Default 5 000. */
  readonly closeTimeoutMs?: number
}

const SERVER_OPTIONS: OptionNames<ServeMetricsOptions> = optionNames(
  'port host path requestTimeoutMs headersTimeoutMs closeTimeoutMs maxConnections unref',
  HANDLER_OPTIONS,
)

export interface MetricsEndpoint {
  /** The whole URL of the metrics. */
  readonly url: string
  readonly port: number
  /** Stops listening, and waits for running scrapes. Further calls return the same promise. */
  close(): Promise<void>
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves metrics over HTTP: GET and HEAD at one path, status 404 elsewhere. The server keeps the process alive until it is closed. Slow
 * clients are disconnected.
 *
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` if an option is out of range.
 * @throws {@link TallyscopeError} `ERR_SERVER_LISTEN` if the server cannot listen on the address.
 * @example
 * const endpoint = await serveMetrics({ port: 0, producers: [stats] })
 * console.log(endpoint.url) // http://127.0.0.1:43210/metrics
 */
export async function serveMetrics(given: ServeMetricsOptions): Promise<MetricsEndpoint> {
  checkOptions('serveMetrics', given, SERVER_OPTIONS)
  const options = ownOptions(given)
  const port = wholeNumber('port', options.port, 9464, 0, 65_535)
  const host = checkHost(options.host ?? '127.0.0.1')
  const path = options.path ?? '/metrics'
  if (!/^\/[\w\-./~]*$/.test(path)) {
    throw new DefinitionError(
      'ERR_PROMETHEUS_OPTION',
      `path must begin with / and contain only letters, digits and -._~/: it is ${inspectValue(path)}`,
    )
  }
  const closeTimeoutMs = milliseconds('closeTimeoutMs', options.closeTimeoutMs, 5_000, 0)
  const requestTimeout = milliseconds('requestTimeoutMs', options.requestTimeoutMs, 10_000)
  const headersTimeout = wholeNumber('headersTimeoutMs', options.headersTimeoutMs, Math.min(8_000, requestTimeout), 1, requestTimeout)
  const maxConnections = wholeNumber('maxConnections', options.maxConnections, 2_000, 1, 1_000_000)
  const scrape = serveScrapes(new ScrapeHandler(options))

  const server = createServer(
    { requestTimeout, headersTimeout, keepAliveTimeout: 30_000, connectionsCheckingInterval: Math.min(1_000, headersTimeout) },
    (request, response) => {
      connections.track(request, response)
      if (pathOf(request) === withoutSlash(path)) scrape(request, response)
      else notFound(request, response, path)
    },
  )
  const connections = new ConnectionTracker(server, { maxConnections, onClosed: countClosedConnection })
  ownServer(server)
  if (options.unref === true) server.on('connection', (socket) => socket.unref())
  await listen(server, port, host, options.unref === true)
  const address = server.address() as AddressInfo
  const url = `http://${urlHost(host)}:${address.port}${path}`
  let closing: Promise<void> | undefined
  const closeOnce = (): Promise<void> => (closing ??= close(server, connections, closeTimeoutMs))
  return { url, port: address.port, close: closeOnce, [Symbol.asyncDispose]: closeOnce }
}

function listen(server: Server, port: number, host: string, unref: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new TallyscopeError('ERR_SERVER_LISTEN', `cannot listen on ${host} port ${port}: ${cause.message}`, { cause })),
    )
    // In a worker of node:cluster, `exclusive` opens the socket in this process instead of the primary.
    server.listen({ port, host, exclusive: unref }, () => {
      server.removeAllListeners('error')
      if (unref) server.unref()
      server.on('error', () => {}) // a failing accept must not end the application
      resolve()
    })
  })
}

function close(server: Server, connections: ConnectionTracker, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), timeoutMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    connections.close()
  })
}

function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  return withoutSlash(path.replace(/^https?:\/\/[^/]*/i, '')) // a proxy's absolute form
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function notFound(request: IncomingMessage, response: ServerResponse, path: string): void {
  const body = `not found: the metrics are at ${path}\n`
  closeAfterBody(request, response)
  response.writeHead(404, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Node listens on all addresses if the host is empty, as that of a variable that is not set. */
function checkHost(host: unknown): string {
  if (typeof host === 'string' && host !== '') return host
  throw new DefinitionError('ERR_PROMETHEUS_OPTION', `host must be a name or an address: it is ${inspectValue(host)}`)
}

/** The host for a URL that this machine can open. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
