import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { errorText, RateLimitedLog } from '../../src/base/rate-limited-log.js'
import { ManualClock } from '../../src/testing/manual-clock.js'

const warnings = (): unknown[][] => vi.mocked(process.emitWarning).mock.calls as unknown[][]
beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

test('without a logger, failures that differ only in numbers are one process warning', () => {
  const log = new RateLimitedLog({ code: 'TEST_FAILED', subject: 'part one' })
  log.report('has lost 5 items', new Error('no'))
  log.report('has lost 6 items', new Error('no'))
  log.report('is late')
  expect(warnings()).toEqual([
    ['part one has lost 5 items: no', { type: 'TallyscopeWarning', code: 'TEST_FAILED' }],
    ['part one is late', { type: 'TallyscopeWarning', code: 'TEST_FAILED' }],
  ])
})

test('a logger is called once a minute, with the number of suppressed messages', () => {
  const clock = new ManualClock()
  const warn = vi.fn()
  const log = new RateLimitedLog({ code: 'TEST_FAILED', subject: 'part two', logger: { debug() {}, info() {}, warn, error() {} }, clock })
  for (let i = 0; i < 121; i++) {
    log.report('fails', i)
    clock.advance(1_000)
  }
  expect(warn.mock.calls).toEqual([
    [{ err: '0', code: 'TEST_FAILED' }, 'part two fails: 0'],
    [{ err: '60', code: 'TEST_FAILED', suppressed: 59 }, 'part two fails: 60'],
    [{ err: '120', code: 'TEST_FAILED', suppressed: 59 }, 'part two fails: 120'],
  ])
  expect(warnings()).toEqual([])
})

test('a logger that throws is replaced by the process warning', () => {
  const broken = (): never => {
    throw new Error('log')
  }
  new RateLimitedLog({
    code: 'TEST_FAILED',
    subject: 'part three',
    logger: { debug: broken, info: broken, warn: broken, error: broken },
  }).report('fails')
  expect(warnings()).toHaveLength(1)
})

test.each<[string, unknown, string]>([
  ['an error', new TypeError('no'), 'no'],
  ['an error without a message', new TypeError(), 'TypeError'],
  ['several errors without a message of their own', new AggregateError([new Error('a'), 'b', new Error('')]), 'a, b'],
  ['more than four errors', new AggregateError([1, 2, 3, 4, 5]), '1, 2, 3, 4'],
  ['a text', 'no', 'no'],
  ['nothing', undefined, 'undefined'],
  ['an object without a text', Object.create(null), 'an error that cannot be read'],
  ['a long one', new Error('x'.repeat(1_000)), `${'x'.repeat(500)}…`],
])('the text of %s', (_, error, text) => {
  expect(errorText(error)).toBe(text)
})

test('an error is printed with its causes, on one line, without credentials', () => {
  const system = Object.assign(new Error("ENOENT: no such file or directory, open '/x'"), { code: 'ENOENT' })
  expect(errorText(new Error('cannot append', { cause: system }))).toBe("cannot append: ENOENT: no such file or directory, open '/x'")
  expect(errorText(new Error(`cannot append: ${system.message}`, { cause: system }))).toBe(`cannot append: ${system.message}`)
  expect(errorText(new TypeError('fetch failed', { cause: Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }) }))).toBe(
    'fetch failed: ECONNREFUSED',
  )
  expect(errorText(new Error('no row\n2026 INFO \u001b[2J\u202e'))).toBe('no row\\x0a2026 INFO \\x1b[2J\\u202e')
  expect(errorText(new Error('cannot reach http://user:hunter2@host/'))).toBe('cannot reach http://…@host/')
  const endless: Error = new Error('again')
  endless.cause = endless
  expect(errorText(endless)).toBe('again')
})

/** What a logger gets for an error, as the console prints it. */
function logged(error: unknown): { err: unknown; printed: string } {
  const warn = vi.fn<(fields: object, message: string) => void>()
  const logger = { debug() {}, info() {}, warn, error() {} }
  new RateLimitedLog({ code: 'TEST_FAILED', subject: 'part four', logger, clock: new ManualClock() }).report('fails', error)
  const { err } = warn.mock.calls[0]![0] as { err: unknown }
  return { err, printed: inspect(err, { showHidden: true }) }
}

test('a logger gets a copy of an error, without fields, causes, control characters and credentials', () => {
  const cause = Object.assign(new Error('token hunter2'), { config: { headers: { authorization: 'hunter2' } } })
  const thrown = new TypeError('no row\n    at forged (http://me:hunter2@host/x.js)\u001b[2J\u202e', { cause: new Error('refused') })
  Object.assign(thrown, { code: 'E\nX', config: { password: 'hunter2' }, cause: new Error('refused', { cause: 7 }), response: cause })
  const { err, printed } = logged(thrown)
  expect(err).toBeInstanceOf(Error)
  expect(err).toMatchObject({ name: 'TypeError', code: 'E\\x0aX' })
  expect((err as Error).message).toBe('no row\\x0a    at forged (http://…@host/x.js)\\x1b[2J\\u202e: refused: 7')
  expect((err as Error).stack).toMatch(/^TypeError: no row\\x0a.*: refused: 7\n    at .*rate-limited-log.test.ts/)
  expect(printed).not.toMatch(/hunter2|^ +at forged/m)
  expect(['\u001b', '\u202e'].filter((control) => printed.includes(control))).toEqual([])
})

test('a logger gets the text of values that are no errors, or whose getters throw, and short stacks', () => {
  expect(logged('a\nb').err).toBe('a\\x0ab')
  expect(logged({ secret: 'hunter2' }).err).toBe('[object Object]')
  const broken = Object.defineProperty(new Error('no'), 'stack', {
    get() {
      throw new Error('stack')
    },
  })
  expect(logged(broken).err).toBe('no')
  const changed = new Error('no')
  expect(changed.stack).toContain('no') // before the message is another one
  changed.message = 'another'
  expect((logged(changed).err as Error).stack).toBe('Error: another')
  const long = new Error('no')
  long.stack = `Error: no${`\n    at ${'x'.repeat(1_000)}`.repeat(1_000)}`
  expect((logged(long).err as Error).stack!.length).toBeLessThan(7_000)
})
