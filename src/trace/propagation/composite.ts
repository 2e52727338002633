import { checkMethods } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import type { SpanContext } from '../context/span-context.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'

/**
 * Combines several formats. Writes all of them, and reads the first one that the headers contain.
 *
 * @example
 * new Tracer({ propagator: new CompositePropagator([new TraceContextPropagator(), new B3Propagator()]) })
 */
export class CompositePropagator implements Propagator {
  readonly #propagators: readonly Propagator[]

  /** @throws {@link DefinitionError} `ERR_TRACER_OPTION` unless `propagators` is a list of propagators. */
  constructor(propagators: readonly Propagator[]) {
    if (!Array.isArray(propagators)) throw new DefinitionError('ERR_TRACER_OPTION', 'CompositePropagator needs a list of propagators')
    for (const each of propagators) checkMethods('ERR_TRACER_OPTION', 'each of CompositePropagator', each, ['inject', 'extract'])
    this.#propagators = [...propagators]
  }

  get fields(): readonly string[] {
    return [...new Set(this.#propagators.flatMap(({ fields = [] }) => fields))]
  }

  inject(context: SpanContext, set: HeaderSetter): void {
    for (const propagator of this.#propagators) propagator.inject(context, set)
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    for (const propagator of this.#propagators) {
      const context = propagator.extract(get)
      if (context !== undefined) return context
    }
    return undefined
  }
}
