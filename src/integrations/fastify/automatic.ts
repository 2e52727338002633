import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import type { ServerInstrumentation } from '../../http/server-instrumentation.js'
import { instrumentFastify } from './instrument-fastify.js'
import type { TallyscopeFastifyOptions } from './options.js'

interface AutomaticOptions extends TallyscopeFastifyOptions {
  readonly report: (error: unknown) => void
}

/** Key of the automatic instrumentation of an application. Child instances inherit it. */
const AUTOMATIC: unique symbol = Symbol.for('tallyscope.automatic')

interface Instrumented {
  [AUTOMATIC]?: ServerInstrumentation
}

/**
 * The plugin that `tallyscope/auto` registers. It adds no decorators, because the application may have some of these names. It
 * reports an error instead of passing it on, because the application would not start.
 */
export const automaticFastify: FastifyPluginCallback<AutomaticOptions> = Object.assign(
  (app: FastifyInstance, options: AutomaticOptions, done: () => void) => {
    try {
      const { server } = instrumentFastify(app, options)
      Object.defineProperty(app, AUTOMATIC, { value: server })
    } catch (error) {
      options.report(error)
    }
    done()
  },
  { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'tallyscope/auto' },
)

/** Stops the automatic instrumentation of an application that registers the plugin itself. */
export function stopAutomatic(app: FastifyInstance): void {
  ;(app as Instrumented)[AUTOMATIC]?.stop()
}
