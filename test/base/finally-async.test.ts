import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { finallyAsync, isThenable } from '../../src/base/finally-async.js'
import { Stats } from '../../src/stats/stats.js'
import { Tracer } from '../../src/setup/tracer.js'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'

function ends(fn: () => unknown): { result: unknown; seen: unknown[] } {
  const seen: unknown[] = []
  const result = finallyAsync(fn, 'argument', (argument, failure) => seen.push([argument, failure]))
  return { result, seen }
}

/** Like the queries of knex and mongoose: the work begins when `then` is called. */
class LazyQuery {
  runs = 0
  then(onFulfilled: (value: string) => unknown): unknown {
    this.runs++
    return Promise.resolve('rows').then(onFulfilled)
  }
}

/** Like the queries of postgres.js. */
class LazyPromise extends Promise<string> {
  runs = 0
  override then<A, B>(...callbacks: Parameters<Promise<string>['then']>): Promise<A | B> {
    this.runs++
    return super.then(...callbacks) as Promise<A | B>
  }
}

describe('a call that ends', () => {
  test('at once runs the end before it returns', () => expect(ends(() => 5)).toEqual({ result: 5, seen: [['argument', undefined]] }))

  test('by a throw, even of undefined, runs the end and rethrows', () => {
    const seen: unknown[] = []
    const fail = (): never => {
      throw undefined // oxlint-disable-line no-throw-literal
    }
    expect(() => finallyAsync(fail, 1, (_, failure) => seen.push(failure))).toThrow()
    expect(seen).toEqual([{ error: undefined }])
  })

  test('with its promise runs the end after the promise', async () => {
    const { result, seen } = ends(() => Promise.resolve(5))
    expect(seen).toEqual([])
    expect([await result, seen]).toEqual([5, [['argument', undefined]]])
  })

  test('with a promise that rejects runs the end and rejects', async () => {
    const error = new Error('no')
    const { result, seen } = ends(() => Promise.reject(error))
    await expect(result).rejects.toBe(error)
    expect(seen).toEqual([['argument', { error }]])
  })

  test('with a proxy of a promise runs the end at once and returns the proxy', () => {
    const proxy = new Proxy(Promise.resolve(5), {})
    const { result, seen } = ends(() => proxy)
    expect([result === proxy, seen]).toEqual([true, [['argument', undefined]]])
  })

  test('with a promise of another realm runs the end after the promise', async () => {
    const { result, seen } = ends(() => runInNewContext('Promise.resolve(5)'))
    expect(seen).toEqual([])
    expect([await result, seen.length]).toEqual([5, 1])
  })
})

test('a promise keeps its class and its own properties', async () => {
  class Job extends Promise<void> {}
  const kill = (): string => 'killed'
  const { result } = ends(() => Object.assign(Job.resolve(), { kill }))
  expect([result instanceof Job, (result as { kill?: unknown }).kill]).toEqual([true, kill])
  await result
})

test('a value whose `then` throws is returned unchanged', () => {
  const hostile = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error('no')
      },
    },
  ) // prettier-ignore
  const { result, seen } = ends(() => hostile)
  expect([result === hostile, seen.length]).toEqual([true, 1])
})

describe.each<[string, () => { runs: number }]>([
  ['query builder', () => new LazyQuery()],
  ['lazy query that extends Promise', () => new LazyPromise((resolve) => resolve('rows'))],
])('a %s is returned as it is and does not run because of', (_, make) => {
  const stats = new Stats()
  const latency = stats.measure('latency', { unit: 'ms' })
  const tracer = new Tracer({ exporter: new MemoryExporter() })
  test.each<[string, (query: object) => unknown]>([
    ['finallyAsync', (query) => ends(() => query).result],
    ['span', (query) => tracer.span('find', () => query)],
    ['trace', (query) => tracer.trace(() => query)()],
    ['stats.time', (query) => stats.time(latency, {}, () => query)],
  ])('%s', (_name, call) => {
    const query = make()
    expect(call(query)).toBe(query)
    expect(query.runs).toBe(0)
  })
})

test('any object or function with a then is a thenable', () => {
  const callable = Object.assign(() => {}, { then: () => {} })
  expect([new LazyQuery(), callable, Promise.resolve()].map(isThenable)).toEqual([true, true, true])
  expect([undefined, null, 'then', {}, { then: 5 }].map(isThenable)).toEqual([false, false, false, false, false])
})
