import { checkOptions, type OptionNames, optionNames } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/strings/inspect-value.js'
import { endSpan } from './span/run-in-span.js'
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
interface SpanScopes {
  span<R>(name: string, options: SpanOptions, fn: (span: Span) => R): R
  startDetachedSpan(name: string, options: SpanOptions): Span
  withSpan<R>(span: Span, fn: () => R): R
}

const asyncPrototype = Object.getPrototypeOf(async () => {})
const generatorPrototype = Object.getPrototypeOf(function* () {})
const asyncGeneratorPrototype = Object.getPrototypeOf(async function* () {})

/**
 * Wraps a function so that each call is a span. `this`, name, length and other properties are preserved, and so is its kind: sync, async,
 * generator or async generator, constructor or not. The span of a generator lasts from its first step to its last, and each step runs in it. `new` creates an
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
      return yield* stepsIn(scopes, name, options, Reflect.apply(fn, this, args) as Generator)
    })
  }
  if (asyncGeneratorPrototype.isPrototypeOf(fn)) {
    return copyProperties(fn, async function* (this: unknown, ...args: unknown[]) {
      return yield* asyncStepsIn(scopes, name, options, Reflect.apply(fn, this, args) as AsyncGenerator)
    })
  }
  if (isConstructor(fn)) {
    return copyProperties(fn, function wrapper(this: unknown, ...args: unknown[]) {
      const maker = new.target === wrapper ? fn : new.target // a class that extends the wrapper creates its own instances
      return scopes.span(name, options, () => (maker === undefined ? Reflect.apply(fn, this, args) : Reflect.construct(fn, args, maker)))
    })
  }
  const call = (self: unknown, args: unknown[]): unknown => scopes.span(name, options, () => Reflect.apply(fn, self, args))
  // Methods, because a function expression has a prototype and is a constructor. Frameworks use both to recognize classes, and the
  // prototype of async functions to recognize those.
  const wrappers = {
    sync(this: unknown, ...args: unknown[]): unknown {
      return call(this, args)
    },
    async async(this: unknown, ...args: unknown[]): Promise<unknown> {
      return call(this, args)
    },
  }
  return copyProperties(fn, asyncPrototype.isPrototypeOf(fn) ? wrappers.async : wrappers.sync)
}

/** True if `new` can be used. Does not call the function. */
function isConstructor(fn: AnyFunction): boolean {
  try {
    Reflect.construct(Object, [], fn)
    return true
  } catch {
    return false
  }
}

export function traceDecorator(scopes: SpanScopes, options: TraceOptions): TraceDecorator {
  return ((target: unknown, context?: unknown, descriptor?: PropertyDescriptor) => {
    const isExperimental = typeof context === 'string' || typeof context === 'symbol'
    return isExperimental ? tracedProperty(scopes, descriptor, options) : tracedFunction(scopes, target as AnyFunction, options)
  }) as TraceDecorator
}

/** A method, or a getter and a setter. Fields have no descriptor with a function. */
function tracedProperty(scopes: SpanScopes, descriptor: PropertyDescriptor | undefined, options: TraceOptions): PropertyDescriptor {
  const { get, set } = descriptor ?? {}
  if (get === undefined && set === undefined)
    return { ...descriptor, value: tracedFunction(scopes, descriptor?.value as AnyFunction, options) }
  return {
    ...descriptor,
    ...(get !== undefined && { get: tracedFunction(scopes, get, options) }),
    ...(set !== undefined && { set: tracedFunction(scopes, set, options) }),
  }
}

/** Copies name, length, prototype, other properties, metadata, and what the function inherits, to its wrapper. */
function copyProperties<F extends AnyFunction>(fn: F, wrapper: (...args: unknown[]) => unknown): F {
  const parent: object | null = Object.getPrototypeOf(fn)
  if (parent !== Object.getPrototypeOf(wrapper)) Object.setPrototypeOf(wrapper, parent) // the static members of a base class
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
      endSpan(span, { error: thrown })
      throw thrown
    }
  }
  return { [Symbol.iterator]: () => stepsOf(inner, step) }
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
      endSpan(span, { error: thrown })
      throw thrown
    }
  }
  return { [Symbol.asyncIterator]: () => stepsOf(inner, step) }
}

/** The methods of an iterator. */
type Steps<R> = Readonly<Record<'next' | 'throw' | 'return', (value: unknown) => R>>

function stepsOf<R>(inner: Steps<R>, step: (resume: () => R) => R): Steps<R> {
  return {
    next: (given) => step(() => inner.next(given)),
    throw: (thrown) => step(() => inner.throw(thrown)),
    return: (value) => step(() => inner.return(value)),
  }
}
