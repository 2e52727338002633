import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { sharedState } from '../../base/process-global.js'
import { configurationFile, readConfiguration } from '../../setup/configuration/configuration.js'
import { installShutdownHooks } from '../../setup/shutdown-hooks.js'
import { createTallyscope, type Tallyscope } from '../../setup/tallyscope.js'
import type { TallyscopeFastifyOptions } from '../fastify/options.js'
import { tallyscopeFastify } from '../fastify/plugin.js'
import { instrumentHttpClient } from '../http-client/instrument.js'
import { traceIntegrations } from '../http-client/trace-integrations.js'

type Environment = Readonly<Record<string, string | undefined>>

interface AutoState {
  started: boolean
  scope: Tallyscope | undefined
}

const state = sharedState('auto', (): AutoState => ({ started: false, scope: undefined }))

/**
 * Starts everything from the environment, once in a process however often it is imported. A configuration that cannot
 * be read is told, and the program runs as it would without.
 */
export function startAuto(env: Environment = process.env): Tallyscope | undefined {
  if (state.started) return state.scope
  state.started = true
  try {
    const { enabled, prometheus } = settingsOf(env)
    if (enabled === false) return undefined
    const scope = createTallyscope({ env, startIntegrations: false })
    state.scope = scope
    watchOutgoing(scope)
    // Where a server of its own has the metrics, applications need not show them.
    const metricsPath = prometheus === true ? false : '/metrics'
    subscribe('fastify.initialization', (message) => {
      const { fastify } = message as { fastify: FastifyInstance }
      try {
        // Queued before the application's own plugins, so that its hooks run first.
        void fastify.register(tallyscopeFastify, pluginOptions(scope, metricsPath))
      } catch (error) {
        tell('instrument Fastify', error)
      }
    })
    installShutdownHooks(scope)
    scope.start().catch((error: unknown) => tell('start', error))
    return scope
  } catch (error) {
    tell('start', error)
    return undefined
  }
}

function watchOutgoing({ tracer, stats, integrations, excludelistHostnames }: Tallyscope): void {
  const options = { tracer, stats, ...(excludelistHostnames !== undefined && { excludelistHostnames }) }
  if (integrations.length === 0) instrumentHttpClient(options)
  else traceIntegrations(integrations, options)
}

function pluginOptions(scope: Tallyscope, metricsPath: string | false): TallyscopeFastifyOptions {
  const { tracer, stats, registry, excludelistPaths, excludelistHostnames } = scope
  return {
    tracer,
    stats,
    registry,
    metricsPath,
    metricsWhereUnrouted: true,
    ...(excludelistPaths !== undefined && { excludelistPaths }),
    ...(excludelistHostnames !== undefined && { excludelistHostnames }),
  }
}

function settingsOf(env: Environment): { enabled?: boolean | undefined; prometheus?: boolean | undefined } {
  const name = configurationFile({}, env)
  const file = name === undefined ? undefined : { name, text: readFileSync(name, 'utf8') }
  return readConfiguration({ code: {}, env, file }).settings
}

function tell(what: string, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error)
  process.emitWarning(`cannot ${what}: ${text}`, { type: 'TallyscopeWarning', code: 'TALLYSCOPE_AUTO' })
}
