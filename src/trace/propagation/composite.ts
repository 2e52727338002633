import type { SpanContext } from '../context/span-context.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'

/**
 * Several formats at once: writes all, reads the first that finds a context.
 *
 * @example
 * new Tracer({ propagator: new CompositePropagator([new TraceContextPropagator(), new B3Propagator()]) })
 */
export class CompositePropagator implements Propagator {
  readonly #propagators: readonly Propagator[]

  constructor(propagators: readonly Propagator[]) {
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
