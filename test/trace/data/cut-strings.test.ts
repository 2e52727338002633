import { expect, test } from 'vitest'
import { attributeValue } from '../../../src/trace/data/attributes.js'
import { pathWithoutQuery } from '../../../src/http/http-attributes.js'
import { StackTrace } from '../../../src/trace/data/stack-trace.js'
import { keptBytes } from '../../base/kept-bytes.js'

test('a part of a 1 MB string cut for a span does not retain the rest', { timeout: 120_000 }, () => {
  expect(
    keptBytes((text) => text.slice(0, 4_096)),
    'so much is held by parts as they are',
  ).toBeGreaterThan(15e6)
  const stackOf = (message: string) => ({ stack: `${message.slice(0, 100)}\n    at f (file:///srv/app/a.js:1:2)\n${message}` })
  const ways: Record<string, (text: string) => unknown> = {
    'an attribute': (text) => attributeValue(text),
    'a path': (text) => pathWithoutQuery(`/some/longer/path/of/a/shop?q=${text}`),
    'a frame': (text) => StackTrace.fromError(stackOf(text))!.frames,
  }
  for (const [way, keep] of Object.entries(ways)) expect(keptBytes(keep), way).toBeLessThan(2e6)
})

test('a cut attribute has 4,096 units, a path ends before its query, frames are parsed', () => {
  const long = 'abcd'.repeat(2_000)
  expect(attributeValue(long)).toBe(long.slice(0, 4_096))
  expect(attributeValue(10n ** 5_000n)).toBe(`1${'0'.repeat(4_095)}`)
  expect(pathWithoutQuery(`/a?${long}`)).toBe('/a')
  expect(StackTrace.fromError({ stack: `Error\n    at f (file:///a.js:1:2)\n${'x'.repeat(70_000)}` })!.frames).toEqual([
    { functionName: 'f', fileName: 'file:///a.js', lineNumber: 1, columnNumber: 2 },
  ])
})
