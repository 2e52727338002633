import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { checkBooleans, checkFunctions, checkOptions, type OptionNames } from '../../base/check-options.js'
import { EMPTY_FRAME, enterFrame, type Frame, runInFrame } from '../../base/context.js'
import { warnOnce } from '../../base/logger.js'
import { claimsServer, isOwnedServer } from '../../serving/owned-servers.js'
import { processGlobal } from '../../base/process-global.js'
import { SUPPRESSED_FRAME } from '../../base/suppression.js'
import { exchangeOf, type ServerInstrumentation } from '../../http/server-instrumentation.js'
import type { MetricRegistry } from '../../metrics/instruments/metric-registry.js'
import type { MetricProducer } from '../../metrics/data/producer.js'
import { UpgradeWatch } from '../../http/upgrade-watch.js'
import { makeServerInstrumentation, SERVER_OPTIONS } from '../../http/make-server-instrumentation.js'
import { defaultTracer } from '../../setup/tracer.js'
import type { HttpServerOptions } from './options.js'
import { RouteNames } from './route-names.js'
import { serverFault } from './server-faults.js'

const OPTIONS: OptionNames<HttpServerOptions> = { ...SERVER_OPTIONS, watch: true, route: true }

/** A second instrumentation of all servers would count every request twice. */
const watched = processGlobal('http-servers-watched', () => ({ isOn: false }))

/** Instrumentation of incoming HTTP requests. Created by {@link instrumentHttpServer}. */
export class HttpServerInstrumentation {
  readonly registry: MetricRegistry
  /** `stats` and the registry, for a metrics endpoint. */
  readonly producers: readonly MetricProducer[]
  readonly #server: ServerInstrumentation
  readonly #upgrades: UpgradeWatch
  #isWatching = false
  #isStopped = false

  /** @internal */
  constructor(options: HttpServerOptions) {
    checkOptions('instrumentHttpServer', options, OPTIONS)
    checkBooleans('ERR_OPTION', { 'watch of instrumentHttpServer': options.watch })
    checkFunctions('ERR_OPTION', { 'route of instrumentHttpServer': options.route })
    const { server, registry, stats } = makeServerInstrumentation<IncomingMessage>(options, {
      owner: 'instrumentHttpServer',
      defaultTracer,
      routes: (measures, requestTags) => new RouteNames(measures, options.route, requestTags),
    })
    this.#server = server
    this.registry = registry
    this.producers = [stats, registry]
    this.#upgrades = new UpgradeWatch(server)
    if (options.watch !== false) this.#watch()
  }

  #watch(): void {
    if (watched.isOn) {
      warnOnce(
        'TALLYSCOPE_HTTP_SERVER_TWICE',
        'server',
        'incoming requests are already instrumented; the second instrumentation is ignored',
      )
      return
    }
    watched.isOn = this.#isWatching = true
    subscribe('http.server.request.start', this.#onRequest)
    subscribe('net.server.socket', this.#onConnection)
  }

  readonly #onRequest = guarded(({ request, response, server }: { request: IncomingMessage; response: ServerResponse; server: Server }) => {
    // Node keeps the entered context for the next request of the connection, so each request must enter one.
    if (!isOwnedServer(server)) enterFrame(this.#begin(request, response))
  })

  readonly #onConnection = guarded(({ socket }: { socket: Socket & { server?: Server | null } }) => {
    const { server } = socket
    if (server != null && !claimsServer(server)) this.#upgrades.watch(server)
  })

  #begin(request: IncomingMessage, response: ServerResponse): Frame {
    const known = exchangeOf(request)
    if (known !== undefined) return known.frame ?? EMPTY_FRAME
    const exchange = this.#server.exchangeOf(request, response)
    if (exchange === undefined) return SUPPRESSED_FRAME
    exchange.routed(this.#server.unmatched, request)
    return exchange.frame ?? EMPTY_FRAME
  }

  /**
   * Middleware that instruments one application, instead of or in addition to all servers: `app.use(instrumentation.middleware)`. For
   * Express, Connect and other frameworks that call middleware with request, response and next.
   */
  readonly middleware = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    if (this.#isStopped) return next()
    runInFrame(this.#begin(request, response), () => next())
  }

  /** Stops the instrumentation and its middleware. Requests that are in progress are still counted. */
  stop(): void {
    this.#isStopped = true
    if (!this.#isWatching) return
    watched.isOn = this.#isWatching = false
    unsubscribe('http.server.request.start', this.#onRequest)
    unsubscribe('net.server.socket', this.#onConnection)
    this.#upgrades.stop()
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

/** Counts errors of a subscriber, which would otherwise end the program. */
function guarded<M>(handle: (message: M) => void): (message: unknown) => void {
  return (message) => {
    try {
      handle(message as M)
    } catch {
      serverFault('event').value++
    }
  }
}

/**
 * Traces and measures incoming requests of all servers of node:http and node:https in this process, with or without a framework. It
 * subscribes to Node's diagnostics channels. Servers of Fastify with the plugin of `tallyscope/fastify` are ignored.
 *
 * The span and the tags of a request are current in its handlers, also after `await`.
 *
 * @throws {@link DefinitionError} if measures, views or gauges of these names exist with another definition, `ERR_OPTION` or
 *   `ERR_TRACER_OPTION` if an option is not valid.
 * @example
 * const http = instrumentHttpServer({ ignorePaths: ['/metrics', '/health'] })
 * app.get('/metrics', nodeHandler({ producers: http.producers }))
 */
export function instrumentHttpServer(options: HttpServerOptions = {}): HttpServerInstrumentation {
  return new HttpServerInstrumentation(options)
}
