import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify'
import { warnOnce } from '../../base/logger.js'
import { exchangeOf } from '../../http/server-instrumentation.js'
import { stopAutomatic } from './automatic.js'
import { instrumentFastify } from './instrument-fastify.js'
import type { TallyscopeFastifyOptions } from './options.js'

/**
 * A Fastify plugin: a server span for each request, its latency and its bytes, the requests in flight, and a route for
 * the metrics. Register it before routes and other plugins. Only later hooks run inside the span.
 *
 * The span and the tags of the request are current in all hooks and handlers after it, over `await` too.
 *
 * @throws {@link DefinitionError} if measures, views or gauges of these names exist with another definition.
 * @example
 * await app.register(tallyscopeFastify, { tracer, metricsPath: '/metrics', ignorePaths: ['_ah/health'] })
 */
export const tallyscopeFastify: FastifyPluginCallback<TallyscopeFastifyOptions> = Object.assign(install, {
  // The marks of a plugin for the instance itself rather than for a child of it.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'tallyscope',
  [Symbol.for('plugin-meta')]: { name: 'tallyscope', fastify: '>=5 <7' },
})

function install(app: FastifyInstance, options: TallyscopeFastifyOptions, done: (error?: Error) => void): void {
  if (app.hasDecorator('tallyscope')) {
    warnOnce('TALLYSCOPE_FASTIFY_TWICE', 'plugin', 'tallyscopeFastify is registered already on this instance or one above; the first stays')
    return done()
  }
  stopAutomatic(app)
  const { decoration } = instrumentFastify(app, options)
  app.decorate('tallyscope', decoration)
  if (!app.hasRequestDecorator('span')) app.decorateRequest('span', { getter: spanOf })
  done()
}

function spanOf(this: FastifyRequest): FastifyRequest['span'] {
  return exchangeOf(this.raw)?.span
}
