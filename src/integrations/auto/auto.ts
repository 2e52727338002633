import type { Environment } from '../../base/resource.js'
import { isMainThread } from 'node:worker_threads'
import { givenOptions } from '../../base/check-options.js'
import { keepLastAtExit } from '../../base/process-end.js'
import { processGlobal } from '../../base/process-global.js'
import { programEnvironment } from '../../base/program-environment.js'
import { configurationFile, type Configuration, readConfiguration } from '../../setup/configuration/configuration.js'
import { readConfigurationFile } from '../../setup/configuration-file.js'
import { installShutdownHooks } from '../../setup/shutdown-hooks.js'
import { createTallyscope, type Tallyscope } from '../../setup/tallyscope.js'
import type { TallyscopeOptions } from '../../setup/tallyscope-options.js'
import { httpServerViews } from '../../http/views/http-views.js'
import { fastifyMetricsViews } from '../../http/views/prom-client-http-views.js'
import { instrumentHttpServer } from '../http-server/instrument.js'
import { instrumentHttpClient } from '../http-client/instrument.js'
import { traceIntegrations } from '../http-client/trace-integrations.js'
import { warnOfAuto } from './auto-warning.js'
import { instrumentFastifyApplications } from './fastify-applications.js'
import { isToolProcess } from './tool-process.js'

type Settings = Configuration['settings']

interface AutoState {
  started: boolean
  scope: Tallyscope | undefined
}

const state = processGlobal('auto', (): AutoState => ({ started: false, scope: undefined }))

/**
 * Starts everything that the environment configures. Later calls in the same process return the same scope. A failure is logged and
 * never reaches the program.
 */
export function startAuto(env: Environment = programEnvironment(process.env)): Tallyscope | undefined {
  if (state.started) return state.scope
  state.started = true
  if (isToolProcess()) return undefined
  try {
    const settings = settingsOf(env)
    if (settings.enabled === false) return undefined
    const scope = createTallyscope({ env, startIntegrations: false, ...defaultsOf(settings) })
    state.scope = scope
    const started = scope.start().catch((error: unknown) => warnOfAuto('start', error))
    attempt('trace outgoing requests', () => watchOutgoing(scope, settings))
    attempt('instrument HTTP servers', () => watchIncoming(scope, settings))
    attempt('instrument Fastify', () => instrumentFastifyApplications(scope, settings))
    attempt('install shutdown hooks', () => exportAtTheEnd(scope, settings))
    void started
    return scope
  } catch (error) {
    warnOfAuto('start', error)
    return undefined
  }
}

/** Logs an error of one step, so that the other steps still run. */
function attempt(what: string, start: () => void): void {
  try {
    start()
  } catch (error) {
    warnOfAuto(what, error)
  }
}

/**
 * Options that differ from the defaults of `createTallyscope`, because the program does not expect this package: no spans are printed, the
 * server of /metrics does not keep the process alive, and a port in use is not an error. A worker thread does not start that server.
 */
function defaultsOf(settings: Settings): TallyscopeOptions {
  return {
    ...(settings['traces.exporters'] === undefined && { traces: { exporters: [] } }),
    prometheus:
      settings.prometheus === true && isMainThread
        ? { optional: settings['prometheus.optional'] ?? true, unref: settings['prometheus.unref'] ?? true }
        : false,
  }
}

function watchOutgoing({ tracer, stats, integrations, ignoreHosts, urlQuery }: Tallyscope, settings: Settings): void {
  if (settings['auto.httpClient'] === false) return
  const options = { tracer, stats, ...givenOptions({ ignoreHosts, urlQuery }) }
  if (integrations.length === 0) instrumentHttpClient(options)
  else traceIntegrations(integrations, options)
}

function watchIncoming({ tracer, stats, registry, ignorePaths, ignoreHosts, urlQuery }: Tallyscope, settings: Settings): void {
  if (settings['auto.httpServer'] === false) return
  instrumentHttpServer({
    tracer,
    stats,
    registry,
    ...(settings['metrics.promClientNames'] === true && { views: [...httpServerViews, ...fastifyMetricsViews] }),
    ...givenOptions({ ignorePaths, ignoreHosts, urlQuery }),
  })
}

/** A worker thread gets no signals, and its uncaught errors are handled by the thread that started it. */
function exportAtTheEnd(scope: Tallyscope, settings: Settings): void {
  if (settings['auto.shutdownHooks'] === false) return
  if (isMainThread) {
    installShutdownHooks(scope, { raiseSignal: true })
    return
  }
  process.once('beforeExit', () => void scope.flush().catch((error: unknown) => warnOfAuto('export the last metrics', error)))
  const flush = (): void => scope.flushSync()
  process.once('exit', flush)
  keepLastAtExit(flush)
}

function settingsOf(env: Environment): Settings {
  const name = configurationFile({}, env)
  const file = name === undefined ? undefined : fileOf(name)
  return readConfiguration({ code: {}, env, file }).settings
}

/** Returns undefined if the file cannot be read. `createTallyscope` reports that error. */
function fileOf(name: string): ReturnType<typeof readConfigurationFile> | undefined {
  try {
    return readConfigurationFile(name)
  } catch {
    return undefined
  }
}
