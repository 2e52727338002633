import { checkBooleans, checkOptions, type OptionNames } from '../../base/check-options.js'
import type { SpanContext } from '../context/span-context.js'
import { B3MultiPropagator } from './b3-multi.js'
import { B3SinglePropagator } from './b3-single.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'

interface B3PropagatorOptions {
  /** Writes the header `b3`. Default false. */
  readonly single?: boolean
}

const OPTIONS: OptionNames<B3PropagatorOptions> = { single: true }

const single = new B3SinglePropagator()
const multi = new B3MultiPropagator()

/**
 * Zipkin's B3 in both forms. Reads the header `b3`, else the headers `x-b3-…`. Writes the latter by default.
 * @example
 * new Tracer({ propagator: new B3Propagator() })
 */
export class B3Propagator implements Propagator {
  readonly fields: readonly string[] = [...single.fields, ...multi.fields]
  readonly #writer: Propagator

  /** @throws {@link DefinitionError} `ERR_OPTION` for an unknown option, `ERR_TRACER_OPTION` if `single` is not a boolean. */
  constructor(options: B3PropagatorOptions = {}) {
    checkOptions('B3Propagator', options, OPTIONS)
    checkBooleans('ERR_TRACER_OPTION', { single: options.single })
    this.#writer = options.single === true ? single : multi
  }

  inject(context: SpanContext, set: HeaderSetter): void {
    this.#writer.inject(context, set)
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    return single.extract(get) ?? multi.extract(get)
  }
}
