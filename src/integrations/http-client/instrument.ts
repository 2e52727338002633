import { checkOptions, type OptionNames } from '../../base/check-options.js'
import type { Agent } from 'node:http'
import { warnOnce } from '../../base/logger.js'
import { processGlobal } from '../../base/process-global.js'
import { runSuppressed } from '../../base/suppression.js'
import { ClientInstrumentation, type HttpClientOptions } from './client-instrumentation.js'
import { NodeRequests } from './node-requests.js'
import { publishesCreation, traceAgent, traceGlobalAgents } from './traced-agent.js'
import { type Fetch, tracedFetch } from './traced-fetch.js'
import { watchUndici } from './undici-requests.js'

export interface InstrumentHttpClientOptions extends HttpClientOptions {
  /** Whether node:http and node:https are watched. Default true. */
  readonly http?: boolean
  /** Whether global `fetch` and undici are watched. Default true. */
  readonly fetch?: boolean
  /**
   * Whether `http.globalAgent` and `https.globalAgent` get a method that adds the headers. Default: if Node does not publish
   * requests before they are sent, which is before 22.12. Without it, requests are measured there but carry no context.
   */
  readonly globalAgents?: boolean
}

const OPTIONS: OptionNames<InstrumentHttpClientOptions> = {
  http: true,
  fetch: true,
  globalAgents: true,
  tracer: true,
  stats: true,
  views: true,
  contextTags: true,
  ignoreHosts: true,
  ignorePaths: true,
  urlQuery: true,
  excludelistHostnames: true,
  excludelistPaths: true,
  propagateTo: true,
  spanName: true,
  clock: true,
}

/** What is watched at present; two that watch the same would count every request twice. */
const watched = processGlobal('http-client-watched', () => ({ http: false, fetch: false }))

/** Outgoing HTTP as it is watched. Made by {@link instrumentHttpClient}. */
export class HttpClientInstrumentation {
  readonly #client: ClientInstrumentation
  readonly #requests: NodeRequests
  readonly #undo: (() => void)[] = []

  /** @internal */
  constructor(options: InstrumentHttpClientOptions) {
    checkOptions('instrumentHttpClient', options, OPTIONS)

    this.#client = new ClientInstrumentation(options)
    this.#requests = new NodeRequests(this.#client)
    if (options.http !== false && this.#claim('http')) {
      this.#undo.push(this.#requests.watch())
      if (options.globalAgents ?? !publishesCreation()) this.#undo.push(traceGlobalAgents(this.#requests))
    }
    if (options.fetch !== false && this.#claim('fetch')) this.#undo.push(watchUndici(this.#client))
  }

  #claim(what: 'http' | 'fetch'): boolean {
    if (watched[what]) {
      warnOnce('TALLYSCOPE_HTTP_CLIENT_TWICE', what, `outgoing ${what} requests are watched already; the first instrumentation stays`)
      return false
    }
    watched[what] = true
    this.#undo.push(() => {
      watched[what] = false
    })
    return true
  }

  /** Lets the requests of an agent of your own carry the context, until `stop()`, and returns it. Needed before Node 22.12. */
  agent<A extends Agent>(agent: A): A {
    this.#undo.push(traceAgent(agent, this.#requests))
    return agent
  }

  /** The same function, whose requests are traced and measured. For a `fetch` that is not Node's: a polyfill, another runtime. */
  fetch(fetch: Fetch): Fetch {
    // What it calls may be watched too, and each request is to count once.
    return tracedFetch((input, init) => runSuppressed(() => fetch(input, init)), this.#client)
  }

  /** Stops watching. Requests that are under way are still counted. */
  stop(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

/**
 * Traces and measures outgoing HTTP: node:http, node:https, global `fetch` and undici. It listens to the diagnostics
 * channels of Node and changes no function. Requests that exporters make are left alone.
 *
 * @example
 * const client = instrumentHttpClient({ tracer, ignoreHosts: ['127.0.0.1:9091'] })
 * await fetch('http://127.0.0.1:3000/cart') // a client span, and its context in the headers
 * client.stop()
 */
export function instrumentHttpClient(options: InstrumentHttpClientOptions = {}): HttpClientInstrumentation {
  return new HttpClientInstrumentation(options)
}
