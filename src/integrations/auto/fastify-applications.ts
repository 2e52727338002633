import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { givenOptions } from '../../base/check-options.js'
import { warnOnce } from '../../base/logger.js'
import { fastifyMetricsViews } from '../../http/views/prom-client-http-views.js'
import { httpServerViews } from '../../http/views/http-views.js'
import type { Configuration } from '../../setup/configuration/configuration.js'
import type { Tallyscope } from '../../setup/tallyscope.js'
import { automaticFastify } from '../fastify/automatic.js'
import type { TallyscopeFastifyOptions } from '../fastify/options.js'
import { warnOfAuto } from './auto-warning.js'

const FIRST_MAJOR = 5
const LAST_MAJOR = 6

/** Instruments every Fastify application that is created from now on. */
export function instrumentFastifyApplications(scope: Tallyscope, settings: Configuration['settings']): void {
  if (settings['auto.fastify'] === false) return
  subscribe('fastify.initialization', (message) => {
    try {
      instrument((message as { fastify: FastifyInstance }).fastify, scope, settings)
    } catch (error) {
      warnOfAuto('instrument Fastify', error)
    }
  })
}

function instrument(app: FastifyInstance, scope: Tallyscope, settings: Configuration['settings']): void {
  const major = Number.parseInt(app.version, 10)
  if (!(major >= FIRST_MAJOR && major <= LAST_MAJOR)) {
    const message = `Fastify ${app.version} is not instrumented: tallyscope/fastify is for versions ${FIRST_MAJOR} and ${LAST_MAJOR}`
    warnOnce('TALLYSCOPE_AUTO', `Fastify ${app.version}`, message)
    return
  }
  // Queued before the application's own plugins, so that their hooks run inside the span.
  void app.register(automaticFastify, {
    ...optionsOf(scope, settings),
    report: (error: unknown) => warnOfAuto('instrument Fastify', error),
  })
}

function optionsOf(scope: Tallyscope, settings: Configuration['settings']): TallyscopeFastifyOptions {
  const { tracer, stats, registry, ignorePaths, ignoreHosts, urlQuery } = scope
  return {
    tracer,
    stats,
    registry,
    // No route if `prometheus` is configured: the metrics then have their own server, or are disabled.
    metricsPath: settings.prometheus === undefined ? '/metrics' : false,
    metricsFallback: true,
    metrics: scope.metricsOptions,
    producers: scope.producers.filter((producer) => producer !== stats && producer !== registry),
    ...(settings['metrics.promClientNames'] === true && { views: [...httpServerViews, ...fastifyMetricsViews] }),
    ...givenOptions({ group: scope.group, ignorePaths, ignoreHosts, urlQuery }),
  }
}
