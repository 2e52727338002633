import { createServer, ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { getterOf, setterOf } from '../../../src/trace/propagation/carrier.js'
import { traced } from '../tracer-fixture.js'

const read = (carrier: unknown, name = 'tracestate') => getterOf(carrier as object)(name)

test('header names are case-insensitive in every kind of carrier', () => {
  expect(read({ tracestate: 'a=1' })).toBe('a=1')
  expect(read({ TraceState: 'a=1' })).toBe('a=1')
  expect(read(new Headers({ TRACESTATE: 'a=1' }))).toBe('a=1')
  expect(read(new Map([['tracestate', 'a=1']]))).toBe('a=1')
  expect(read(new Map([['TraceState', 'a=1']]))).toBe('a=1')
  expect(read([['TraceState', 'a=1']])).toBe('a=1')
  expect(read(['Host', 'x', 'TraceState', 'a=1'])).toBe('a=1')
  expect(read({ getHeader: (name: string) => (name === 'tracestate' ? 'a=1' : undefined) })).toBe('a=1')
})

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test.each<[string, (headers: Record<string, string>) => object]>([
  ['a request of node:http', (headers) => Object.assign(new IncomingMessage(null as never), { headers })],
  ['a request of fetch', (headers) => new Request('http://localhost', { headers })],
  ['a request with a Map', (headers) => ({ headers: new Map(Object.entries(headers)) })],
  ['an event of a gateway', (headers) => ({ path: '/', headers: { Host: 'x', Traceparent: headers['traceparent'] } })],
  ['an iterator that can be read once', (headers) => new Headers(headers).entries()],
  ['a Set of pairs', (headers) => new Set(Object.entries(headers))],
  ['a header of the name headers', (headers) => ({ ...headers, headers: ['a', 'b'] })],
])('the headers of %s are read', (_kind, make) => {
  const headers = { tracestate: 'a=1', traceparent: PARENT }
  const get = getterOf(make(headers))
  expect([get('tracestate2'), get('traceparent'), get('traceparent')]).toEqual([undefined, PARENT, PARENT])
  expect(traced().tracer.extract(make(headers))?.spanId).toBe('b7ad6b7169203331')
})

test('repeated headers are joined by commas', () => {
  expect(read({ tracestate: ['a=1', 'b=2'] })).toBe('a=1,b=2')
  expect(
    read([
      ['tracestate', 'a=1'],
      ['TraceState', 'b=2'],
    ]),
  ).toBe('a=1,b=2')
  expect(read(['tracestate', 'a=1', 'TRACESTATE', 'b=2'])).toBe('a=1,b=2')
  const headers = new Headers([
    ['tracestate', 'a=1'],
    ['tracestate', 'b=2'],
  ])
  expect(read(headers)).toBe('a=1, b=2')
})

test('a missing header is undefined in any carrier', () => {
  for (const carrier of [
    undefined,
    null,
    1,
    'text',
    {},
    [],
    [1, 2],
    [['x']],
    new Map(),
    new Headers(),
    { get: () => 5 },
    {
      get: () => {
        throw new Error('no')
      },
    },
  ]) {
    expect(read(carrier)).toBeUndefined()
  }
})

test('headers are written to those of a request', () => {
  const inject = <C extends { readonly headers: object }>(carrier: C): C['headers'] => {
    setterOf(carrier)('traceparent', 'x')
    expect(Object.keys(carrier).filter((key) => key !== 'headers')).toEqual([])
    return carrier.headers
  }
  expect([...(inject(new Request('http://localhost')) as Headers)]).toEqual([['traceparent', 'x']])
  expect(inject({ headers: { Traceparent: 'y', a: 'b' } })).toEqual({ a: 'b', traceparent: 'x' })
  expect(inject({ headers: new Map([['a', 'b']]) })).toEqual(new Map(Object.entries({ a: 'b', traceparent: 'x' })))
})

test('headers are written to every kind of carrier', () => {
  const write = <C extends object>(carrier: C): C => {
    setterOf(carrier)('traceparent', 'x')
    return carrier
  }
  expect(write({})).toEqual({ traceparent: 'x' })
  expect(write(new Headers()).get('traceparent')).toBe('x')
  expect(write(new Map()).get('traceparent')).toBe('x')
  expect(write([])).toEqual([['traceparent', 'x']])
  expect(write(new ServerResponse(new IncomingMessage(null as never))).getHeader('traceparent')).toBe('x')
  expect(typeof ClientRequest).toBe('function')
  expect(typeof createServer).toBe('function')
})

test.each<[string, object, unknown]>([
  ['an object', { Accept: '*/*', TraceParent: 'old' }, { Accept: '*/*', traceparent: 'x' }],
  ['a Map', new Map([['TraceParent', 'old']]), new Map([['traceparent', 'x']])],
  ['Headers', new Headers({ TraceParent: 'old' }), new Headers({ traceparent: 'x' })],
  [
    'pairs',
    [
      ['TraceParent', 'old'],
      ['a', 'b'],
      ['traceparent', 'old'],
    ],
    [
      ['a', 'b'],
      ['traceparent', 'x'],
    ],
  ],
  ['raw headers', ['traceparent', 'old', 'Via', 'TraceParent', 'TRACEPARENT', 'old'], ['Via', 'TraceParent', 'traceparent', 'x']],
])('a header of another case is replaced in %s', (_kind, carrier, expected) => {
  setterOf(carrier as Record<string, string>)('traceparent', 'x')
  expect(carrier).toEqual(expected)
  expect(read(carrier, 'traceparent')).toBe('x')
})

test('a carrier that throws is left unchanged', () => {
  const frozen = Object.freeze({})
  setterOf(frozen)('traceparent', 'x')
  setterOf({
    set: () => {
      throw new Error('sent')
    },
  })('traceparent', 'x')
  setterOf(null as never)('traceparent', 'x')
  expect(frozen).toEqual({})
})
