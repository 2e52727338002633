import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAst } from 'vitest/node'
import { type Attack, attacksOn, textOf } from './pattern-attacks.js'

const source = join(import.meta.dirname, '../../src')

interface Pattern {
  readonly file: string
  readonly pattern: string
  readonly flags: string
}

/** Every regular expression of the source; those that are put together at run time come with what they are made of. */
function patternsOf(file: string): { literals: Pattern[]; made: string[] } {
  const code = readFileSync(join(source, file), 'utf8')
  const literals: Pattern[] = []
  const made: string[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, regex, callee, start, end } = node as any
    if (type === 'Literal' && regex !== undefined) literals.push({ file, ...regex })
    if ((type === 'NewExpression' || type === 'CallExpression') && callee?.name === 'RegExp')
      made.push(`${file}: ${code.slice(start, end)}`)
    for (const child of Object.values(node)) visit(child)
  }
  visit(parseAst(code, { lang: 'ts' }))
  return { literals, made }
}

const found = readdirSync(source, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map(patternsOf)

/** Milliseconds of one use, the least of some: what the system does in between is no fault of an expression. */
function msOf(expression: RegExp, text: string, times: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < times; at++) {
    expression.lastIndex = 0
    const started = performance.now()
    if (expression.global) text.replace(expression, '')
    else expression.exec(text)
    least = Math.min(least, performance.now() - started)
  }
  return least
}

const describeAttack = ({ prefix, pump, suffix }: Attack): string => JSON.stringify([prefix, `${pump} × n`, suffix])

/** What a use may take. At the greatest length, linear time is some tens of microseconds, quadratic time ten and more milliseconds. */
const LIMIT_MS = 3

/** The attack that the expression gives way to, if there is one. Lengths grow: what takes for ever is met while it is short. */
function weakness({ pattern, flags }: Pick<Pattern, 'pattern' | 'flags'>): string | undefined {
  if (!/[*+]|\{\d+,/.test(pattern)) return undefined // nothing repeats
  const expression = new RegExp(pattern, flags)
  const attacks = attacksOn(pattern)
  for (const length of [22, 300, 4_000]) {
    for (const attack of attacks) {
      const text = textOf(attack, length)
      if (msOf(expression, text, 1) < LIMIT_MS) continue
      const ms = msOf(expression, text, 5)
      if (ms >= LIMIT_MS) return `${describeAttack(attack)}: ${ms.toFixed(1)} ms for ${length} characters`
    }
  }
  return undefined
}

test('every regular expression runs in linear time for any input', () => {
  const patterns = found.flatMap(({ literals }) => literals)
  expect(patterns.length).toBeGreaterThan(50)
  const weak = patterns.flatMap((each) => {
    const attack = weakness(each)
    return attack === undefined ? [] : [`${each.file}: /${each.pattern}/${each.flags} gives way to ${attack}`]
  })
  expect(weak).toEqual([])
}, 120_000)

test('the attacks find expressions of quadratic, cubic and exponential time', () => {
  const slow = [
    '\\/+$',
    '^\\s*(\\d+\\.?\\d*)x$',
    '^(a+)+$',
    '(\\w+)*!$',
    '^(.*)="(.*)"$',
    '([^,"\']*?)\\s*(?=,|$)',
    '^(?:a|a)*$',
    '(.*?):(\\d+):(\\d+)$',
  ]
  expect(slow.filter((pattern) => weakness({ pattern, flags: '' }) === undefined)).toEqual([])
}, 120_000)

test('expressions built at run time contain no input of callers', () => {
  expect(found.flatMap(({ made }) => made)).toEqual([
    // Of secrets in the configuration, each character with alternatives that begin differently.
    "base/strings/redact-credentials.ts: new RegExp(parts.map(spellings).join(''), 'gi')",
    "integrations/http-client/undici-requests.ts: new RegExp(`^${wanted}: .*\\\\r?\\\\n`, 'gim')",
    "integrations/http-client/undici-requests.ts: new RegExp(`^${wanted}: (.*?)\\r?$`, 'im')",
    "runtime/process-collector.ts: new RegExp(`^${field}:\\\\s*(\\\\d+) kB`, 'm')",
  ])
})
