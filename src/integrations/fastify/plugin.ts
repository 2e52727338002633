import { checkOptions, type OptionNames, optionNames } from '../../base/check-options.js'
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify'
import { warnOnce } from '../../base/logger.js'
import { processGlobal } from '../../base/process-global.js'
import { SERVER_OPTIONS } from '../../http/make-server-instrumentation.js'
import { exchangeOf } from '../../http/server-instrumentation.js'
import { stopAutomatic } from './automatic.js'
import { instrumentFastify } from './instrument-fastify.js'
import type { TallyscopeFastifyOptions } from './options.js'

/** Options of Fastify's `register`. */
interface FastifyRegisterOptions {
  readonly prefix?: string
  readonly logLevel?: string
  readonly logSerializers?: object
}

const OPTIONS: OptionNames<TallyscopeFastifyOptions & FastifyRegisterOptions> = optionNames(
  'metricsPath metricsFallback metricsWhereUnrouted metricsRoute producers group metrics excludelistPaths excludelistHostnames untrusted prefix logLevel logSerializers',
  SERVER_OPTIONS,
)

/** The decorations that any copy of the package created. An application may have its own decorator of the same name. */
const decorations = processGlobal('fastify-decorations', () => new WeakSet<object>())

/**
 * A Fastify plugin that traces each request, measures its latency and body sizes, counts requests in flight and serves the metrics.
 * Register it before routes and other plugins: only hooks that are added later run inside the span.
 *
 * The span and the tags of the request are current in all later hooks and handlers, also after `await`.
 *
 * @throws {@link DefinitionError} if measures, views or gauges of these names exist with another definition.
 * @example
 * await app.register(tallyscopeFastify, { tracer, metricsPath: '/metrics', ignorePaths: ['_ah/health'] })
 */
export const tallyscopeFastify: FastifyPluginCallback<TallyscopeFastifyOptions> = Object.assign(install, {
  // Like fastify-plugin: the hooks apply to the instance itself, not to a child instance.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'tallyscope',
  [Symbol.for('plugin-meta')]: { name: 'tallyscope', fastify: '>=5 <7' },
})

/** Fastify does not catch what a plugin throws. An error that is passed to `done` rejects `register()` and `ready()`. */
function install(app: FastifyInstance, options: TallyscopeFastifyOptions, done: (error?: Error) => void): void {
  try {
    register(app, options ?? {}) // undefined if a function of options returned nothing
  } catch (error) {
    return done(error as Error)
  }
  done()
}

function register(app: FastifyInstance, options: TallyscopeFastifyOptions): void {
  checkOptions('tallyscopeFastify', options as TallyscopeFastifyOptions & FastifyRegisterOptions, OPTIONS)

  const isDecorated = app.hasDecorator('tallyscope')
  if (isDecorated && decorations.has(app.tallyscope)) {
    warnOnce(
      'TALLYSCOPE_FASTIFY_TWICE',
      'plugin',
      'tallyscopeFastify is already registered on this instance or a parent of it; the second registration is ignored',
    )
    return
  }
  stopAutomatic(app)
  const { decoration } = instrumentFastify(app, options)
  decorations.add(decoration)
  if (isDecorated) warnOnce('TALLYSCOPE_FASTIFY_DECORATOR', 'plugin', 'the application already has a decorator "tallyscope", which is kept')
  else app.decorate('tallyscope', decoration)
  if (!app.hasRequestDecorator('span')) app.decorateRequest('span', { getter: spanOf })
}

function spanOf(this: FastifyRequest): FastifyRequest['span'] {
  return exchangeOf(this.raw)?.span
}
