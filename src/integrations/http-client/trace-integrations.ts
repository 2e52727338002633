import { checkStringLists } from '../../base/check-options.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { warnOnce } from '../../base/logger.js'
import { INTEGRATIONS } from '../../setup/configuration/component-registry.js'
import { type HttpClientInstrumentation, instrumentHttpClient, type InstrumentHttpClientOptions } from './instrument.js'

/** The result of {@link traceIntegrations}. */
export interface TracedIntegrations {
  /** The enabled names, as they were passed. */
  readonly enabled: readonly string[]
  /** The names of no integration. Each is logged once. */
  readonly unknown: readonly string[]
  readonly instrumentation: HttpClientInstrumentation | undefined
  stop(): void
  /** Calls `stop()`, for `using`. */
  [Symbol.dispose](): void
}

/**
 * Enables integrations by name: `http`, `https` or OpenCensus' `httplib` for node:http and node:https; `fetch`, `undici`, `requests`
 * or `httpx` for global fetch and undici.
 *
 * @throws {@link DefinitionError} `ERR_OPTION` unless `names` is a list of strings; the errors of `instrumentHttpClient`.
 * @example
 * const integrations = traceIntegrations(['http', 'fetch'], { tracer })
 * integrations.stop()
 */
export function traceIntegrations(names: readonly string[], options: InstrumentHttpClientOptions = {}): TracedIntegrations {
  checkStringLists('ERR_OPTION', { 'the names of traceIntegrations': names ?? null })
  const enabled = names.filter((name) => integrationOf(name) !== undefined)
  const unknown = names.filter((name) => integrationOf(name) === undefined)
  for (const name of unknown) {
    warnOnce('TALLYSCOPE_INTEGRATION', name, `there is no integration ${inspectValue(name)}: the names are http, fetch, undici`)
  }
  const http = enabled.some((name) => integrationOf(name) === 'http')
  const fetch = enabled.some((name) => integrationOf(name) === 'fetch')
  const instrumentation = http || fetch ? instrumentHttpClient({ ...options, http, fetch }) : undefined
  const stop = (): void => instrumentation?.stop()
  return { enabled, unknown, instrumentation, stop, [Symbol.dispose]: stop }
}

function integrationOf(name: string): 'http' | 'fetch' | undefined {
  const key = String(name).toLowerCase()
  const known = Object.hasOwn(INTEGRATIONS, key) ? INTEGRATIONS[key] : undefined
  return known === 'http' ? 'http' : known === 'fetch' || known === 'undici' ? 'fetch' : undefined
}
