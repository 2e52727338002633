import { setImmediate as immediately } from 'node:timers/promises'
import { types } from 'node:util'
import { expect, test } from 'vitest'
import { StatusCode } from '../../src/trace/data/status-code.js'
import type { AnyFunction } from '../../src/trace/traced-function.js'
import { paths, traced } from './tracer-fixture.js'

test('a wrapped function keeps this, name, length, properties and result', () => {
  const { tracer, sent } = traced()
  function add(this: { base: number }, a: number, b: number): number {
    return this.base + a + b
  }
  add.description = 'adds'
  const wrapped = tracer.trace(add)
  expect(wrapped.call({ base: 1 }, 2, 3)).toBe(6)
  expect([wrapped.name, wrapped.length, (wrapped as typeof add).description]).toEqual(['add', 2, 'adds'])
  expect(sent[0]!.name).toBe('add')
})

test('new creates an instance of the class or function, and the wrapper can be extended', () => {
  const { tracer, sent } = traced()
  class Cart {
    readonly items: readonly string[]
    constructor(...items: string[]) {
      this.items = items
    }
    static empty(): Cart {
      return new Cart()
    }
  }
  const TracedCart = tracer.trace(Cart as never) as typeof Cart
  class Basket extends TracedCart {}
  const made = [new TracedCart('a'), new Basket('b', 'c'), TracedCart.empty()]
  expect(made.map((each) => [each.items.length, each instanceof Cart, each instanceof TracedCart])).toEqual(
    [1, 2, 0].map((n) => [n, true, true]),
  )
  expect(made[1]).toBeInstanceOf(Basket)
  expect(() => (TracedCart as unknown as () => void)()).toThrow(TypeError)
  function Old(this: { made: boolean }): string | undefined {
    if (new.target === undefined) return 'called'
    this.made = true
    return undefined
  }
  const TracedOld = tracer.trace(Old)
  expect([new (TracedOld as unknown as new () => { made: boolean })().made, TracedOld.call({ made: false })]).toEqual([true, 'called'])
  expect(sent.map(({ name }) => name)).toEqual(['Cart', 'Cart', 'Cart', 'Old', 'Old'])
})

const kinds: Readonly<Record<string, AnyFunction>> = {
  'an arrow function': (a: number) => a,
  'a method': {
    load(a: number) {
      return a
    },
  }.load,
  'a function': function load(a: number) {
    return a
  },
  'an async arrow function': async (a: number) => a,
  'an async function': async function load(a: number) {
    return a
  },
  'a generator function': function* load(a: number) {
    yield a
  },
  'an async generator function': async function* load(a: number) {
    yield a
  },
  'a class': class extends Array<number> {} as unknown as AnyFunction,
}

test.each(Object.entries(kinds))('%s has the same own properties, prototype and constructor when it is wrapped', (_kind, fn) => {
  const wrapped = traced().tracer.trace(fn)
  const isNewable = (f: AnyFunction): boolean => {
    try {
      return typeof Reflect.construct(Object, [], f) === 'object'
    } catch {
      return false
    }
  }
  const facts = (f: AnyFunction) => [
    new Set(Reflect.ownKeys(f)),
    isNewable(f),
    types.isAsyncFunction(f),
    types.isGeneratorFunction(f),
    Object.prototype.toString.call(f),
  ]
  expect(facts(wrapped)).toEqual(facts(fn))
  expect(Object.getPrototypeOf(wrapped)).toBe(Object.getPrototypeOf(fn))
})

test('a function without its own prototype can be wrapped', () => {
  const fn = Object.setPrototypeOf((a: number) => a + 1, null) as (a: number) => number
  expect(Reflect.apply(traced().tracer.trace(fn), undefined, [1])).toBe(2)
})

test('a wrapped generator function creates instances of the original', () => {
  const { tracer } = traced()
  const numbers = function* numbers(): Generator<number> {
    yield 1
  }
  expect(tracer.trace(numbers)()).toBeInstanceOf(numbers)
})

test('a value that is not a function is refused with a code', () => {
  const { tracer } = traced()
  for (const wrong of [undefined, null, 5, {}, 'load']) {
    expect(() => tracer.trace(wrong as never)).toThrow(expect.objectContaining({ code: 'ERR_TRACE' }))
    expect(() => tracer.traceDecorator()(wrong as never, { kind: 'field', name: 'load' })).toThrow(
      expect.objectContaining({ code: 'ERR_TRACE' }),
    )
  }
})

test('an async function returns a promise, and its span ends with it', async () => {
  const { tracer, sent } = traced()
  const load = tracer.trace(async function load(id: number) {
    await immediately()
    tracer.span('inner', () => {})
    return id
  })
  const promise = load(7)
  expect(sent).toHaveLength(0)
  expect(await promise).toBe(7)
  expect(paths(sent)).toEqual(['load', 'load/inner'])
})

test('an error is recorded and rethrown', async () => {
  const { tracer, sent } = traced()
  const failing = tracer.trace(
    async () => {
      throw new Error('x')
    },
    { name: 'failing' },
  )
  await expect(failing()).rejects.toThrow('x')
  expect(sent[0]).toMatchObject({ name: 'failing', status: { code: StatusCode.UNKNOWN } })
})

test('a generator function returns a generator; its span lasts from the first step to the last', () => {
  const { tracer, sent, clock } = traced()
  const numbers = tracer.trace(function* numbers(upTo: number): Generator<number, string, string> {
    let said = ''
    for (let at = 0; at < upTo; at++) {
      tracer.span(`step ${at}`, () => {})
      said += yield at
    }
    return said
  })
  const generator = numbers(2)
  clock.advance(100) // not begun yet
  expect(generator.next()).toEqual({ value: 0, done: false })
  tracer.span('between', () => {})
  clock.advance(5)
  expect(generator.next('a')).toEqual({ value: 1, done: false })
  expect(generator.next('b')).toEqual({ value: 'ab', done: true })
  expect(paths(sent)).toEqual(['between', 'numbers', 'numbers/step 0', 'numbers/step 1'])
  expect(sent.find(({ name }) => name === 'numbers')!.durationMs).toBe(5)
  expect([...(numbers(3) as Generator<number>)]).toEqual([0, 1, 2])
})

test('a generator that is left early runs its finally in the span, which then ends', () => {
  const { tracer, sent } = traced()
  const endless = tracer.trace(function* endless() {
    try {
      while (true) yield 1
    } finally {
      tracer.span('cleanup', () => {})
    }
  })
  for (const _ of endless()) break
  expect(paths(sent)).toEqual(['endless', 'endless/cleanup'])
})

test('a generator whose finally throws, returns or yields does so for the caller that ends it early, and its span ends', async () => {
  const { tracer, sent } = traced()
  const leave = <G extends Generator | AsyncGenerator>(make: () => G) => {
    const generator = make()
    void generator.next()
    return [generator.return('left'), generator.next(), generator.next()]
  }
  const throwing = function* throwing() {
    try {
      yield 1
    } finally {
      throw new Error('planned') // oxlint-disable-line no-unsafe-finally
    }
  }
  const returning = function* returning() {
    try {
      yield 1
    } finally {
      return 'other' // oxlint-disable-line no-unsafe-finally
    }
  }
  const yielding = function* yielding() {
    try {
      yield 1
    } finally {
      yield 'last'
    }
  }
  const yieldingLater = async function* yieldingLater() {
    yield* yielding()
  }
  expect(() => leave(tracer.trace(throwing))).toThrow('planned')
  expect(leave(tracer.trace(returning))).toEqual(leave(returning))
  expect(leave(tracer.trace(yielding))).toEqual(leave(yielding))
  expect(await Promise.all(leave(tracer.trace(yieldingLater)))).toEqual(await Promise.all(leave(yieldingLater)))
  expect(paths(sent)).toEqual(['returning', 'throwing', 'yielding', 'yieldingLater'])
  expect(sent.find(({ name }) => name === 'throwing')!.status.message).toBe('planned')
})

test('an error thrown into a generator is raised at its yield, and an error it throws fails the span', () => {
  const { tracer, sent } = traced()
  const patient = tracer.trace(function* patient(): Generator<string, void, void> {
    try {
      yield 'first'
    } catch (error) {
      yield `caught ${(error as Error).message}`
    }
    throw new Error('own')
  })
  const generator = patient()
  generator.next()
  expect(generator.throw(new Error('theirs')).value).toBe('caught theirs')
  expect(() => generator.next()).toThrow('own')
  expect(sent[0]!.status.message).toBe('own')
})

test('an async generator stays an async generator', async () => {
  const { tracer, sent } = traced()
  const pages = tracer.trace(async function* pages() {
    for (const page of [1, 2, 3]) {
      await immediately()
      tracer.span(`page ${page}`, () => {})
      yield page
    }
  })
  const seen: number[] = []
  for await (const page of pages()) {
    seen.push(page)
    if (page === 2) break
  }
  expect(seen).toEqual([1, 2])
  expect(paths(sent)).toEqual(['pages', 'pages/page 1', 'pages/page 2'])
  const failing = tracer.trace(async function* failing() {
    yield 1
    throw new Error('late')
  })
  await expect(async () => {
    for await (const _ of failing());
  }).rejects.toThrow('late')
  expect(sent.at(-1)!.status.message).toBe('late')
})
