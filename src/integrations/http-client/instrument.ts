import { checkBooleans, checkFunctions, checkMethods, checkOptions, type OptionNames, optionNames } from '../../base/check-options.js'
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
  /** Instruments node:http and node:https. Default true. */
  readonly http?: boolean
  /** Instruments global `fetch` and undici. Default true. */
  readonly fetch?: boolean
  /**
   * Patches `http.globalAgent` and `https.globalAgent` to add trace headers. Default: true before Node 22.12, which does not publish
   * requests before their headers are sent. If false there, requests are measured but have no trace headers.
   */
  readonly globalAgents?: boolean
}

const OPTIONS: OptionNames<InstrumentHttpClientOptions> = optionNames(
  'http fetch globalAgents tracer stats views contextTags ignoreHosts ignorePaths urlQuery excludelistHostnames excludelistPaths propagateTo spanName clock',
)

/** The clients that are instrumented now. A second instrumentation would count every request twice. */
const instrumented = processGlobal('http-client-watched', () => ({ http: false, fetch: false }))

/** Instrumentation of outgoing HTTP requests. Created by {@link instrumentHttpClient}. */
export class HttpClientInstrumentation {
  readonly #client: ClientInstrumentation
  readonly #requests: NodeRequests
  readonly #undo: (() => void)[] = []

  /** @internal */
  constructor(options: InstrumentHttpClientOptions) {
    checkOptions('instrumentHttpClient', options, OPTIONS)
    const { http, fetch, globalAgents } = options
    checkBooleans('ERR_OPTION', {
      'http of instrumentHttpClient': http,
      'fetch of instrumentHttpClient': fetch,
      'globalAgents of instrumentHttpClient': globalAgents,
    })
    this.#client = new ClientInstrumentation(options)
    this.#requests = new NodeRequests(this.#client)
    if (http !== false && this.#claim('http')) {
      this.#undo.push(this.#requests.watch())
      if (globalAgents ?? !publishesCreation()) this.#undo.push(traceGlobalAgents(this.#requests))
    }
    if (fetch !== false && this.#claim('fetch')) this.#undo.push(watchUndici(this.#client))
  }

  #claim(what: 'http' | 'fetch'): boolean {
    if (instrumented[what]) {
      warnOnce(
        'TALLYSCOPE_HTTP_CLIENT_TWICE',
        what,
        `outgoing ${what} requests are already instrumented; the second instrumentation is ignored`,
      )
      return false
    }
    instrumented[what] = true
    this.#undo.push(() => {
      instrumented[what] = false
    })
    return true
  }

  /**
   * Patches an agent to add trace headers to its requests, until `stop()`, and returns it. Needed before Node 22.12.
   * @throws {@link DefinitionError} `ERR_OPTION` if it is not an agent of node:http.
   */
  agent<A extends Agent>(agent: A): A {
    checkMethods('ERR_OPTION', 'the agent', agent, ['addRequest'])
    this.#undo.push(traceAgent(agent, this.#requests))
    return agent
  }

  /**
   * Returns a `fetch` whose requests are traced and measured. Use it for a `fetch` that is not Node's, such as a polyfill.
   * @throws {@link DefinitionError} `ERR_OPTION` if it is not a function.
   */
  fetch(fetch: Fetch): Fetch {
    checkFunctions('ERR_OPTION', { 'the wrapped fetch': fetch ?? null })
    // The function may itself use an instrumented client; each request must be counted once.
    return tracedFetch((input, init) => runSuppressed(() => fetch(input, init)), this.#client)
  }

  /** Stops the instrumentation. Requests that are in progress are still counted. */
  stop(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

/**
 * Traces and measures outgoing HTTP requests of node:http, node:https, global `fetch` and undici. It subscribes to Node's diagnostics
 * channels; before Node 22.12 it also patches the global agents. Requests of exporters are ignored.
 *
 * @throws {@link DefinitionError} `ERR_OPTION` or `ERR_TRACER_OPTION` if an option is not valid.
 * @example
 * const client = instrumentHttpClient({ tracer, ignoreHosts: ['127.0.0.1:9091'] })
 * await fetch('http://127.0.0.1:3000/cart') // a client span, and its context in the headers
 * client.stop()
 */
export function instrumentHttpClient(options: InstrumentHttpClientOptions = {}): HttpClientInstrumentation {
  return new HttpClientInstrumentation(options)
}
