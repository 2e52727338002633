import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { warnOnce } from '../../src/base/logger.js'
import { processEnd } from '../../src/base/process-end.js'

afterEach(() => void vi.restoreAllMocks())

test('a warning is cut at 4,096 characters, escapes included', () => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  warnOnce('TEST_LONG', 'long', '\u001b'.repeat(100_000))
  expect(emitWarning.mock.calls).toEqual([['\\x1b'.repeat(1_024), { type: 'TallyscopeWarning', code: 'TEST_LONG' }]])
})

test('subjects that differ only after 256 code points are one subject', () => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const subject = 's'.repeat(256)
  warnOnce('TEST_SUBJECT', `${subject}a`, 'first')
  warnOnce('TEST_SUBJECT', `${subject}b`, 'second')
  warnOnce('TEST_SUBJECT', subject.slice(1), 'third')
  expect(emitWarning.mock.calls.map(([message]) => message)).toEqual(['first', 'third'])
})

test('at the end of the process each listener gets a warning, and its error goes no further', () => {
  const seen: string[] = []
  const listeners = [
    () => {
      seen.push('first')
      throw new Error('planted')
    },
    ({ message }: Error) => void seen.push(message),
  ]
  for (const listener of listeners) process.on('warning', listener)
  processEnd.isNow = true
  onTestFinished(() => {
    processEnd.isNow = false
    for (const listener of listeners) process.off('warning', listener)
  })
  warnOnce('TEST_AT_EXIT', 'end', 'the last export failed')
  expect(seen).toEqual(['first', 'the last export failed'])
})
