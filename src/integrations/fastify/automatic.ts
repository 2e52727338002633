import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import type { ServerInstrumentation } from '../../http/server-instrumentation.js'
import { instrumentFastify } from './instrument-fastify.js'
import type { TallyscopeFastifyOptions } from './options.js'

export interface AutomaticOptions extends TallyscopeFastifyOptions {
  readonly report: (error: unknown) => void
}

/** Holds the automatic instrumentation of an application; children of the instance inherit it. */
const AUTOMATIC: unique symbol = Symbol.for('tallyscope.automatic')

interface Instrumented {
  [AUTOMATIC]?: ServerInstrumentation
}

/**
 * The plugin for an application that knows nothing of it. It adds no decorator, since the application may have one of that name,
 * and reports an error instead of passing it on, since the application would not start.
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

/** An application that registers the plugin itself gets that one alone. */
export function stopAutomatic(app: FastifyInstance): void {
  ;(app as Instrumented)[AUTOMATIC]?.stop()
}
