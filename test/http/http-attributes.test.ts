import { expect, test } from 'vitest'
import { addErrorAttributes, addRequestAttributes, addResponseStatus, pathWithoutQuery } from '../../src/http/http-attributes.js'
import { isHostExcluded, PathExclusion } from '../../src/http/http-exclusion.js'
import type { Span } from '../../src/trace/span/span.js'
import { traced } from '../trace/tracer-fixture.js'

function recorded(record: (span: Span) => void) {
  const { tracer, sent } = traced()
  const span = tracer.startDetachedSpan('s')
  record(span)
  span.end()
  const { attributes, status } = sent[0]!
  return { attributes, status: [status.name, status.message] }
}

test('a request has only the attributes whose values are known', () => {
  const facts = { method: 'GET', host: 'a:1', path: '/p', url: 'http://a:1/p', userAgent: 'curl' }
  const some = { 'http.method': 'GET', 'http.path': '/p', 'http.url': 'http://a:1/p' }
  expect(recorded((span) => addRequestAttributes(span, facts)).attributes).toEqual({
    'http.host': 'a:1',
    ...some,
    'http.user_agent': 'curl',
  })
  expect(recorded((span) => addRequestAttributes(span, { ...facts, host: '', userAgent: undefined })).attributes).toEqual(some)
})

test('a code below 200 or from 400 on sets the status, any other resets it to OK', () => {
  expect(recorded((span) => addResponseStatus(span, 404, 'no cart'))).toEqual({
    attributes: { 'http.status_code': 404 },
    status: ['NOT_FOUND', 'no cart'],
  })
  expect(recorded((span) => addResponseStatus(span, 101)).status[0]).toBe('UNKNOWN')
  expect(recorded((span) => addResponseStatus(span.setStatus(5), 302)).status).toEqual(['OK', undefined])
  expect(recorded((span) => addResponseStatus(span, 200)).status).toEqual(['OK', undefined])
})

test.each<[what: string, thrown: unknown, attributes: object, status: unknown[]]>([
  ['a text', 'gone', { 'error.name': 'string', 'error.message': 'gone' }, ['UNKNOWN', 'gone']],
  ['null', null, { 'error.name': 'object', 'error.message': 'null' }, ['UNKNOWN', 'null']],
  [
    'no stack',
    { name: 'TimeoutError', message: 'm', stack: 1 },
    { 'error.name': 'TimeoutError', 'error.message': 'm' },
    ['DEADLINE_EXCEEDED', 'm'],
  ],
  [
    'a getter that throws',
    {
      get message() {
        throw new Error('planted')
      },
    }, // prettier-ignore
    { 'error.name': 'unknown', 'error.message': '' },
    ['UNKNOWN', ''],
  ],
])('an error that is %s has name, message and status', (_what, thrown, attributes, status) => {
  expect(recorded((span) => addErrorAttributes(span, thrown))).toEqual({ attributes, status })
})

test('an error also has its stack', () => {
  const error = new Error('m')
  expect(recorded((span) => addErrorAttributes(span, error)).attributes['stacktrace']).toBe(error.stack!.slice(0, 4_096))
})

test.each([
  ['/a?b=c', '/a'],
  ['/a', '/a'],
  ['?b', '/'],
  ['', '/'],
])('the path of %j is %s', (url, path) => expect(pathWithoutQuery(url)).toBe(path))

test.each<[rules: (string | RegExp)[] | undefined, url: string, excluded: boolean]>([
  [undefined, '/_ah/health', true],
  [undefined, 'http://a/_ah/health?x', true],
  [[], '/_ah/health', false],
  [['/a'], 'https://host/a', true],
  [['/a'], 'https://host/a/b', true],
  [['/a'], 'https://host/ab', false],
  [['/a/'], '/a/b', true],
  [['a'], '/b/a', false],
  [['a'], 'http://a', false],
  [['a'], 'a', false],
  [['a'], 'host/a', true],
  [[/^\/x$/], '/x', true],
  [[/y/], '/x', false],
])('rules %j and %s: excluded %s', (rules, url, excluded) => expect(new PathExclusion(rules).excludes(url)).toBe(excluded))

test('a caller cannot hide a request by its query, its fragment or a longer segment', () => {
  expect(new PathExclusion([/health/, 'health']).excludes('/pay?x=health')).toBe(false)
  expect(new PathExclusion([/health/, 'health']).excludes('/pay#health')).toBe(false)
  expect(new PathExclusion(['health']).excludes('/healthcare/records')).toBe(false)
  expect(new PathExclusion().excludes('/_ah/healthy')).toBe(false)
})

test('a global or sticky pattern is matched from the start each time', () => {
  const exclusion = new PathExclusion([/x/g])
  expect([1, 2, 3].map(() => exclusion.excludes('/x'))).toEqual([true, true, true])
})

test('a host is excluded only if it equals an entry; ports and subdomains are ignored', () => {
  const hosts = ['a', 'b:80']
  expect(['a', 'b:80', 'a:80', 'b', 'x.a', undefined].map((host) => isHostExcluded(host, hosts))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false, // prettier-ignore
  ])
})
