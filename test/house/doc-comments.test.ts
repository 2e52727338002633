import { describe, expect, test } from 'vitest'
import { entryFiles } from '../../scripts/entries.js'
import { type PublicDeclaration, publicDeclarations } from './public-declarations.js'

/** Methods of interfaces of this package, which have their comments there. */
const OF_INTERFACES = new Set([
  ...['export', 'exportSync', 'exportFamilies', 'flushSync', 'flush', 'shutdown', 'send', 'getMetrics', 'getFamilies'],
  ...['shouldSample', 'inject', 'extract', 'monotonicMs', 'unixMs', 'setTimer', 'toJSON'],
  ...['startActiveSpan', 'startChildSpan', 'withSpan'], // ScopedTracer
])

/** What is missing from the comments, by the name of the declaration. */
function faultsOf(declarations: readonly PublicDeclaration[]): string[] {
  return declarations.flatMap(({ name, kind, comment, isOptional }) => {
    if (kind === 'type' || kind === 'field') return []
    if (kind === 'method' && OF_INTERFACES.has(name.split('.').at(-1)!)) return []
    if (comment === '') return [`${name} has no comment`]
    if (kind !== 'option') return []
    return [
      ...(isOptional === true && !/\bdefault\b/i.test(comment) ? [`${name} does not name its default`] : []),
      ...(name.endsWith('Ms') && !comment.includes('milliseconds') ? [`${name} does not name its unit`] : []),
      ...(name.endsWith('Bytes') && !/bytes/i.test(comment) ? [`${name} does not name its unit`] : []),
    ]
  })
}

const declarations = publicDeclarations(entryFiles().map((file: string) => `${file}.ts`))

test('exported functions, classes and constants, methods and options have doc comments, options with default and unit', () => {
  expect(faultsOf(declarations)).toEqual([])
})

test('the declarations of all entries are found', () => {
  const count = (kind: string): number => declarations.filter((declaration) => declaration.kind === kind).length
  expect(count('class')).toBeGreaterThan(70)
  expect(count('function')).toBeGreaterThan(55)
  expect(count('option')).toBeGreaterThan(350)
})

describe('missing comments are found', () => {
  /** The faults of an entry `index.ts` that exports everything from these files. */
  function check(source: string, expected: string[]): void {
    const files: Record<string, string> = {
      'index.ts': `export { f as g, C, K } from './code.js'\nexport type { Base, SomeOptions } from './code.js'`,
      'code.ts': source,
      'base.ts': 'export interface BaseOptions {\n  readonly bare?: string\n}',
    }
    expect(faultsOf(publicDeclarations(['index.ts'], (path) => files[path]!))).toEqual(expected)
  }

  test('a function under another name, a class, a method, a constant', () => {
    check('export function f() {}\nexport class C {\n  go() {}\n  private hidden() {}\n  #own() {}\n}\nexport const K = 1', [
      'code.ts: f has no comment',
      'code.ts: C has no comment',
      'code.ts: C.go has no comment',
      'code.ts: K has no comment',
    ])
  })

  test('an option, its default, its unit, and those of an interface that it extends', () => {
    check(
      [
        `import type { BaseOptions } from './base.js'`,
        'export interface SomeOptions extends BaseOptions {',
        '  /** How long. Default 5. */',
        '  readonly timeoutMs?: number',
        '  /** A part. Default: none. */',
        '  readonly part?: false | { readonly inner: string }',
        '  /** How many. */',
        '  readonly count?: number',
        '}',
      ].join('\n'),
      [
        'code.ts: SomeOptions.timeoutMs does not name its unit',
        'code.ts: SomeOptions.part.inner has no comment',
        'code.ts: SomeOptions.count does not name its default',
        'base.ts: BaseOptions.bare has no comment',
      ],
    )
  })

  test('nothing is reported if everything has a comment', () => {
    check('/** Does it. */\nexport function f() {}\n/** A class. */\nexport class C {\n  /** Goes. */\n  go() {}\n}', [])
  })
})
