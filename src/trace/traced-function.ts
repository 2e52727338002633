import { checkOptions, type OptionNames, optionNames } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/inspect-value.js'
import type { Span } from './span/span.js'
import type { SpanOptions } from './span/span-options.js'

/** Any function. */
// With `never` instead of `any`, `this` and the parameters of function expressions would have the type `never`.
// oxlint-disable-next-line typescript/no-explicit-any -- as the line above says
export type AnyFunction = (this: any, ...args: any[]) => unknown

export interface TraceOptions extends SpanOptions {
  /** Default: the function's name. */
  readonly name?: string
}

const TRACE_OPTIONS: OptionNames<TraceOptions> = optionNames(
  'name kind attributes links parent sampler startTimeUnixMs remoteLimit untrusted',
)

/** A wrapper of functions that is also a decorator of methods: standard (function, context) or experimental (class, key, descriptor). */
export interface TraceDecorator {
  <F extends AnyFunction>(fn: F, context?: { readonly kind: string; readonly name: string | symbol }): F
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): PropertyDescriptor
}

/** The part of a tracer that wrappers use. */
export interface SpanScopes {
  span<R>(name: string, options: SpanOptions, fn: (span: Span) => R): R
  startDetachedSpan(name: string, options: SpanOptions): Span
  withSpan<R>(span: Span, fn: () => R): R
}

const generatorPrototype = Object.getPrototypeOf(function* () {})
const asyncGeneratorPrototype = Object.getPrototypeOf(async function* () {})

/**
 * Wraps a function so that each call is a span. `this`, name, length and other properties are preserved, and so is its kind: sync, async,
 * generator or async generator. The span of a generator lasts from its first step to its last, and each step runs in it. `new` creates an
 * instance of the function.
 * @throws {@link DefinitionError} `ERR_TRACE` unless `fn` is a function, `ERR_OPTION` for an unknown option.
 */
export function tracedFunction<F extends AnyFunction>(scopes: SpanScopes, fn: F, options: TraceOptions): F {
  if (typeof fn !== 'function')
    throw new DefinitionError('ERR_TRACE', `only functions and methods can be traced: it is ${inspectValue(fn)}`)
  checkOptions('trace', options, TRACE_OPTIONS)
  const name = options.name ?? (fn.name || 'span')
  if (generatorPrototype.isPrototypeOf(fn)) {
    return copyProperties(fn, function* (this: unknown, ...args: unknown[]) {
      return yield* stepsIn(scopes, name, options, fn.apply(this as never, args as never[]) as Generator)
    })
  }
  if (asyncGeneratorPrototype.isPrototypeOf(fn)) {
    return copyProperties(fn, async function* (this: unknown, ...args: unknown[]) {
      return yield* asyncStepsIn(scopes, name, options, fn.apply(this as never, args as never[]) as AsyncGenerator)
    })
  }
  return copyProperties(fn, function wrapper(this: unknown, ...args: unknown[]) {
    const maker = new.target === wrapper ? fn : new.target // a class that extends the wrapper creates its own instances
    return scopes.span(name, options, () =>
      maker === undefined ? fn.apply(this as never, args as never[]) : Reflect.construct(fn, args, maker),
    )
  })
}

export function traceDecorator(scopes: SpanScopes, options: TraceOptions): TraceDecorator {
  return ((target: unknown, _context?: unknown, descriptor?: PropertyDescriptor) => {
    if (typeof descriptor?.value === 'function') return { ...descriptor, value: tracedFunction(scopes, descriptor.value, options) }
    return tracedFunction(scopes, target as AnyFunction, options)
  }) as TraceDecorator
}

/** Copies name, length, prototype, other properties and metadata of a function to its wrapper. */
function copyProperties<F extends AnyFunction>(fn: F, wrapper: (...args: unknown[]) => unknown): F {
  for (const key of Reflect.ownKeys(fn)) {
    const property = Object.getOwnPropertyDescriptor(fn, key)!
    if (key !== 'arguments' && key !== 'caller') Object.defineProperty(wrapper, key, property)
  }
  copyMetadata(fn, wrapper)
  return wrapper as unknown as F
}

/** Copies the metadata that the package reflect-metadata stores for functions. NestJS and other frameworks use it. */
function copyMetadata(from: object, to: object): void {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as ReflectMetadata
  for (const key of getOwnMetadataKeys?.(from) ?? []) defineMetadata?.(key, getOwnMetadata?.(key, from), to)
}

interface ReflectMetadata {
  getOwnMetadataKeys?(target: object): unknown[]
  getOwnMetadata?(key: unknown, target: object): unknown
  defineMetadata?(key: unknown, value: unknown, target: object): void
}

/** The steps of a generator in one span, for `yield*`, which passes on what the caller does: `next`, `throw` and `return`. */
function stepsIn(scopes: SpanScopes, name: string, options: SpanOptions, inner: Generator): Iterable<unknown> {
  const span = scopes.startDetachedSpan(name, options)
  const step = (resume: () => IteratorResult<unknown>): IteratorResult<unknown> => {
    try {
      const result = scopes.withSpan(span, resume)
      if (result.done === true) span[Symbol.dispose]()
      return result
    } catch (thrown) {
      endFailed(span, thrown)
      throw thrown
    }
  }
  return {
    [Symbol.iterator]: () => ({
      next: (given: unknown) => step(() => inner.next(given)),
      throw: (thrown: unknown) => step(() => inner.throw(thrown)),
      return: (value: unknown) => step(() => inner.return(value)),
    }),
  }
}

/** The same for an async generator. */
function asyncStepsIn(scopes: SpanScopes, name: string, options: SpanOptions, inner: AsyncGenerator): AsyncIterable<unknown> {
  const span = scopes.startDetachedSpan(name, options)
  const step = async (resume: () => Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> => {
    try {
      const result = await scopes.withSpan(span, resume)
      if (result.done === true) span[Symbol.dispose]()
      return result
    } catch (thrown) {
      endFailed(span, thrown)
      throw thrown
    }
  }
  return {
    [Symbol.asyncIterator]: () => ({
      next: (given: unknown) => step(() => inner.next(given)),
      throw: (thrown: unknown) => step(() => inner.throw(thrown)),
      return: (value: unknown) => step(() => inner.return(value)),
    }),
  }
}

function endFailed(span: Span, thrown: unknown): void {
  span.failed(thrown)
  span[Symbol.dispose]()
}
