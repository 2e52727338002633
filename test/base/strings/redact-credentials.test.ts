import { expect, test } from 'vitest'
import { redactCredentials, redactSecrets } from '../../../src/base/strings/redact-credentials.js'

test.each([
  ['http://user:pass@host:9091/path', 'http://…@host:9091/path'],
  ['http://token@host', 'http://…@host'],
  ['http://user:p@ss/w@host', 'http://…@host'],
  ['user:pass@host', '…@host'],
  ['pushgateway(url="ftp://u:p@a", job=b), file(path=c)', 'pushgateway(url="ftp://…@a", job=b), file(path=c)'],
  ['http://host/path', 'http://host/path'],
  ['http://u:p@host/?key=secret&b=&c=d?e=f#g', 'http://…@host/?key=…&b=&c=…#g'],
  ['is it a=b? https://host/x?key=secret', 'is it a=b? https://host/x?key=…'],
  ['somebody@example', 'somebody@example'],
  ['', ''],
])('%j is shown as %j', (text, shown) => {
  expect(redactCredentials(text)).toBe(shown)
})

test('a long string is redacted in linear time', () => {
  const redactMs = (times: number): number => {
    const long = `${'//a@'.repeat(times * 5)} ${'a:b@c '.repeat(times * 2)}//${'?'.repeat(times)}`
    const startMs = performance.now()
    expect(redactCredentials(long)).toMatch(/^\/\/…@ …@c …@c /)
    return performance.now() - startMs
  }
  redactMs(1_000)
  // Four times the length in sixteen times the time would be quadratic. The best of some runs, since others use the machine too.
  const bestMs = (times: number): number => Math.min(...Array.from({ length: 5 }, () => redactMs(times)))
  expect(bestMs(40_000) / bestMs(10_000)).toBeLessThan(12)
})

const SECRET = `p&ss<w>"o'r/d+=\\\\é😀 %x_-`
const escaped = (text: string): string =>
  text.replaceAll(/[^\w "\\]/g, (char) => `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`)
const html = (text: string, quote: string, apostrophe: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', quote).replaceAll("'", apostrophe)

const SPELLINGS = [
  ['is', SECRET],
  ['JSON escapes it', JSON.stringify(SECRET)],
  ['JSON of PHP escapes it', JSON.stringify(SECRET).replaceAll('/', '\\/')],
  ['JSON of .NET and Go escapes it', escaped(JSON.stringify(SECRET))],
  ['a page of Express escapes it', html(SECRET, '&quot;', '&#39;')],
  ['a page of PHP escapes it', html(SECRET, '&quot;', '&#039;')],
  ['a page of Go escapes it', html(SECRET, '&#34;', '&#39;')],
  ['a page of Python escapes it', html(SECRET, '&quot;', '&#x27;')],
  ['a page with JSON escapes it', html(JSON.stringify(SECRET), '&quot;', '&#39;')],
  ['a URL escapes it', encodeURIComponent(SECRET)],
  ['a form escapes it', String(new URLSearchParams({ key: SECRET }))],
] as const

test.each(SPELLINGS)('a secret is replaced as %s', (_, text) => {
  expect(redactSecrets(`<pre>${text}</pre>`, ['other', SECRET])).toMatch(/^<pre>["=\w]*(?:&quot;)?…["\w]*(?:&quot;)?<\/pre>$/)
})
