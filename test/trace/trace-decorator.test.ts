import { setImmediate as immediately } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { TraceDecorator } from '../../src/trace/traced-function.js'
import { traced } from './tracer-fixture.js'

test('the decorator traces methods, as a standard and as an experimental decorator', async () => {
  const { tracer, sent } = traced()
  class Shop {
    readonly name = 'shop'
    checkout(cart: string): string {
      return `${this.name} ${cart}`
    }
    async load(): Promise<string> {
      await immediately()
      return this.name
    }
  }
  // What `@tracer.traceDecorator()` before a method comes to.
  const decorate = (name: 'checkout' | 'load', decorator: TraceDecorator) => {
    const method = decorator(Shop.prototype[name], { kind: 'method', name })
    Object.defineProperty(Shop.prototype, name, { value: method, configurable: true, writable: true })
  }
  decorate('checkout', tracer.traceDecorator())
  decorate('load', tracer.traceDecorator({ name: 'loading', attributes: { k: 1 } }))
  const shop = new Shop()
  expect(shop.checkout('c1')).toBe('shop c1')
  expect(await shop.load()).toBe('shop')
  expect(sent.map(({ name }) => name)).toEqual(['checkout', 'loading'])
  expect(sent[1]!.attributes).toEqual({ k: 1 })

  const descriptor = {
    value: function old(this: unknown) {
      return this
    },
    writable: true,
    configurable: true,
    enumerable: false,
  }
  const decorated = tracer.traceDecorator()({}, 'old', descriptor)
  const self = {}
  expect(decorated.value.call(self)).toBe(self)
  expect(
    tracer.traceDecorator()(function plain() {
      return 1
    })(),
  ).toBe(1)
  expect(sent.slice(2).map(({ name }) => name)).toEqual(['old', 'plain'])
})

test('experimental decorators trace getters and setters, static ones too, and refuse fields', () => {
  const { tracer, sent } = traced()
  class Cart {
    static count = 0
    static get total(): number {
      return this.count
    }
    static set total(value: number) {
      this.count = value
    }
  }
  const decorate = (key: string, descriptor?: PropertyDescriptor) => tracer.traceDecorator()(Cart, key, descriptor as PropertyDescriptor)
  Object.defineProperty(Cart, 'total', decorate('total', Object.getOwnPropertyDescriptor(Cart, 'total')))
  Cart.total = 3
  expect(Cart.total).toBe(3)
  expect(sent.map(({ name }) => name)).toEqual(['set total', 'get total'])
  for (const descriptor of [undefined, Object.getOwnPropertyDescriptor(Cart, 'count')])
    expect(() => decorate('count', descriptor)).toThrow(expect.objectContaining({ code: 'ERR_TRACE' }))
})

test('a wrapped function has the reflect-metadata metadata of the original', () => {
  const all = new Map<unknown, Map<unknown, unknown>>()
  const methods = {
    getOwnMetadataKeys: (target: object) => [...(all.get(target)?.keys() ?? [])],
    getOwnMetadata: (key: unknown, target: object) => all.get(target)?.get(key),
    defineMetadata: (key: unknown, value: unknown, target: object) =>
      void all.set(target, new Map([...(all.get(target) ?? []), [key, value]])),
  }
  Object.assign(Reflect, methods)
  try {
    const remove = (): void => {}
    methods.defineMetadata('roles', ['admin'], remove)
    const wrapped = traced().tracer.trace(remove)
    expect(methods.getOwnMetadata('roles', wrapped)).toEqual(['admin'])
  } finally {
    for (const name of Object.keys(methods)) Reflect.deleteProperty(Reflect, name)
  }
})
