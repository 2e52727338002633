import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { markdownPrograms } from '../../scripts/markdown-programs.js'

// The programs are run and compared as JavaScript with those of all pages; here they are TypeScript.
const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const folder = join(root, `.run/opentracing-page-${process.pid}`)
const programs = markdownPrograms(readFileSync(join(root, 'docs/opentracing.md'), 'utf8'))
const fileOf = (line: number) => join(folder, `program-${line}.mts`)

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
  for (const { line, code } of programs) writeFileSync(fileOf(line), `${code}\nexport {}\n`)
  // What a reader leaves out of a short program: the types of its parameters.
  const compilerOptions = { noImplicitAny: false, noUncheckedIndexedAccess: false, useUnknownInCatchVariables: false }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.check.json', compilerOptions, include: ['*.mts'] }),
  )
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('the programs compile as TypeScript', async () => {
  const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]).catch((failed) => failed)
  // Our source is written for stricter options: only what is said of the programs counts.
  expect(
    String(stdout)
      .split('\n')
      .filter((line) => line.includes('program-')),
  ).toEqual([])
}, 60_000)

test.each(programs)('the program at line $line runs unchanged from the source', async ({ line }) => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await import(fileOf(line))
  expect(log).toHaveBeenCalled()
  log.mockRestore()
})

test('each snippet of the OpenTracing document has a program', () => {
  const snippets = [
    'function handleRequest(', // inbound request
    'function beforeRequest(',
    'tracer.extract(',
    'tracer.scopeManager.activate(span, true)',
    'Tags.PEER_HOST_IPV4, remoteIp',
    'Tags.PEER_SERVICE, callerName',
    'Tags.PEER_PORT, remotePort',
    'function beforeHttpRequest(', // outbound request
    'currentSpanExtractor()',
    'tracer.inject(',
    'request.headers.set(key, String(value))',
    'const scope = tracer.scopeManager.active', // the active span
    'Manual activation of the span',
    'Automatic activation of the span',
    'Handling done through a try construct', // errors
    'ignoreActiveSpan: true', // not a child of the active span
  ]
  expect(snippets.filter((snippet) => !programs.some(({ code }) => code.includes(snippet)))).toEqual([])
})
