import { expect, test } from 'vitest'
import { redactCredentials } from '../../src/base/redact-credentials.js'

test.each([
  ['http://user:pass@host:9091/path', 'http://…@host:9091/path'],
  ['http://token@host', 'http://…@host'],
  ['http://user:p@ss/w@host', 'http://…@host'],
  ['user:pass@host', '…@host'],
  ['pushgateway(url="ftp://u:p@a", job=b), file(path=c)', 'pushgateway(url="ftp://…@a", job=b), file(path=c)'],
  ['http://host/path', 'http://host/path'],
  ['somebody@example', 'somebody@example'],
  ['', ''],
])('%j is shown as %j', (text, shown) => {
  expect(redactCredentials(text)).toBe(shown)
})

test('a long string is redacted in linear time', () => {
  const text = '//a@'.repeat(250_000)
  const started = performance.now()
  expect(redactCredentials(`${text} ${'a:b@c '.repeat(100_000)}`)).toMatch(/^\/\/…@ …@c …@c /)
  expect(performance.now() - started).toBeLessThan(500)
})
