import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { ExpressionFault, parseExpression, parseExpressions } from '../../../src/setup/configuration/component-expression.js'

const word = (text: string) => ({ kind: 'word', text })
const quoted = (text: string) => ({ kind: 'quoted', text })
const call = (name: string, positional: unknown[] = [], named: object = {}) => ({ kind: 'call', name, positional, named })

test('a component is named alone, with values, or with names and values', () => {
  expect(parseExpression(' console ')).toEqual(word('console'))
  expect(parseExpression('console()')).toEqual(call('console'))
  expect(parseExpression('probability(0.5)')).toEqual(call('probability', [word('0.5')]))
  expect(parseExpression('file(path=/var/log/a b.jsonl, maxFiles = 3)')).toEqual(
    call('file', [], { path: word('/var/log/a b.jsonl'), maxFiles: word('3') }),
  )
})

test('the expressions of the OpenCensus documents are parsed, including line breaks and a trailing comma', () => {
  const text = `opencensus.ext.ocagent.trace_exporter.TraceExporter(
            service_name='foobar',
        )`
  expect(parseExpression(text)).toEqual(call('opencensus.ext.ocagent.trace_exporter.TraceExporter', [], { service_name: quoted('foobar') }))
})

test('components may contain components and lists', () => {
  expect(parseExpression('parentBased(root=probability(0.1))')).toEqual(
    call('parentBased', [], { root: call('probability', [word('0.1')]) }),
  )
  expect(parseExpression('x(a=["b", c])')).toEqual(call('x', [], { a: { kind: 'list', items: [quoted('b'), word('c')] } }))
})

test('several components are separated by commas, with or without brackets', () => {
  const two = [word('console'), call('file', [], { path: quoted('a,b') })]
  expect(parseExpressions('console, file(path="a,b")')).toEqual(two)
  expect(parseExpressions('[console, file(path="a,b"),]')).toEqual(two)
  expect(parseExpressions('')).toEqual([])
})

test('quotes and backslashes inside of quotes are escaped by a backslash', () => {
  expect(parseExpression('"say \\"hi\\" \\\\"')).toEqual(quoted('say "hi" \\'))
})

test('a malformed expression is refused with its position', () => {
  const faults: [string, string][] = [
    ['', 'a value is missing at character 0'],
    ['probability(0.5', ') is missing at character 15'],
    ['probability(0.5) or 1', 'the end is missing at character 17'],
    ['file(path="a', 'the closing " is missing at character 12'],
    ['a(b=1, 2)', 'a name with = is missing at character 7'],
    ['a == b', 'the end is missing at character 2'],
    ['[a', '] is missing at character 2'],
  ]
  for (const [text, message] of faults) expect(() => parseExpression(text), text).toThrow(message)
})

test('any string is parsed or refused', () => {
  const pieces = fc.constantFrom('a', '(', ')', '=', ',', '"', "'", '[', ']', '\\', ' ', '__proto__', '1', '\n', 'é')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (components) => {
      try {
        parseExpression(components.join(''))
      } catch (error) {
        expect(error).toBeInstanceOf(ExpressionFault)
      }
    }),
  )
  expect(() => parseExpression('a('.repeat(4_000))).toThrow(ExpressionFault)
  expect(() => parseExpression('a'.repeat(20_000))).toThrow(ExpressionFault)
})
