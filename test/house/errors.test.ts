import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.c?ts$/.test(name))
const textOf = (names: string[]) => names.map((name) => readFileSync(join(root, 'src', name), 'utf8')).join('\n')
const sources = textOf(files)

/** Codes of Node's own errors that the source asks for. */
const NODE_CODES = /^ERR_(HTTP|STREAM|SOCKET|SERVER_NOT_RUNNING|MODULE_NOT_FOUND|REQUIRE_ESM|UNHANDLED)/

const rows = [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `(\w+)` \| ([\w ]+) \| (.+) \|$/gm)].map(
  ([, code, name, when]) => ({ code: code!, name: name!, when: when! }),
)
const errors = rows.filter(({ code }) => code.startsWith('ERR_'))
const warnings = rows.filter(({ code }) => code.startsWith('TALLYSCOPE_'))
const unique = (codes: Iterable<string>) => [...new Set(codes)].sort()

test('every thrown code has one row, and every row a thrown code', () => {
  const thrown = unique([...sources.matchAll(/'(ERR_[A-Z\d_]+)'/g)].map((match) => match[1]!)).filter((code) => !NODE_CODES.test(code))
  expect(errors.map(({ code }) => code).sort()).toEqual(thrown)
})

test('every code that a doc comment names is thrown', () => {
  const named = unique([...sources.matchAll(/`(ERR_[A-Z\d_]+)`/g)].map((match) => match[1]!)).filter((code) => !NODE_CODES.test(code))
  const known = new Set(rows.map(({ code }) => code))
  expect(named.filter((code) => !known.has(code))).toEqual([])
})

test('a row names the class that carries its code', () => {
  const classOf = new Map(rows.map(({ code, name }) => [code, name]))
  const wrong = [...sources.matchAll(/new (\w+Error)\(\s*'(ERR_[A-Z\d_]+)'/g)]
    .filter(([, name, code]) => classOf.get(code!) !== name)
    .map(([, name, code]) => `${code} is a ${name}`)
  expect(wrong).toEqual([])
})

test('every warning of the library has one row, and every row a warning', () => {
  const given = textOf(files.filter((name) => !name.startsWith('setup/configuration/'))) // there such names are environment variables
  expect(warnings.map(({ code }) => code).sort()).toEqual(
    unique([...given.matchAll(/'(TALLYSCOPE_[A-Z\d_]+)'/g)].map((match) => match[1]!)),
  )
})
