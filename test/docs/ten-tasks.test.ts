// examples/ten-tasks: the same programs with this library and with prom-client. The tenth task, ten mistakes, is test/house/first-hour.test.ts.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../exporters/child-program.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const examples = join(root, 'examples/ten-tasks')
const tasks = readdirSync(examples).sort()
// Inside the checkout, so that the programs import the package by its own name.
const folder = join(root, `.run/ten-tasks-${process.pid}`)

/** Lines that are code, without imports. */
const linesOf = (task: string, library: string) =>
  readFileSync(join(examples, task, `${library}.js`), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(\/\/.*|import .*)?$/.test(line)).length

/** What a program prints, without comments, the order of lines and of labels, and how long tests took. */
async function outputOf(base: string, task: string, library: string): Promise<string[]> {
  const program = task === '8-migration' ? ['service.js', library] : [`${library}.js`]
  const { stdout } = await run(process.execPath, program, { cwd: join(base, task), timeout: 20_000 })
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('# ') && !line.includes('duration_ms'))
  return lines.map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort().join(',')}}`)).sort()
}

beforeAll(async () => {
  build()
  mkdirSync(join(folder, 'typescript'), { recursive: true })
  for (const task of tasks) {
    mkdirSync(join(folder, 'typescript', task))
    for (const name of readdirSync(join(examples, task))) {
      cpSync(join(examples, task, name), join(folder, 'typescript', task, name.replace(/\.js$/, '.ts')))
    }
  }
  const compilerOptions = {
    strict: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    module: 'nodenext',
    rootDir: 'typescript',
    outDir: 'compiled',
    skipLibCheck: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['typescript'] }))
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('each task has a program for both libraries', () => {
  expect(tasks).toHaveLength(9)
  for (const task of tasks) expect(readdirSync(join(examples, task))).toEqual(expect.arrayContaining(['prom-client.js', 'tallyscope.js']))
})

test.each(tasks)('%s needs at most 1.2 times the lines of prom-client, and a counter, a gauge and a histogram no more lines', (task) => {
  const [ours, theirs] = [linesOf(task, 'tallyscope'), linesOf(task, 'prom-client')]
  expect(ours / theirs).toBeLessThanOrEqual(task === '1-three-metrics' ? 1 : 1.2)
})

test('the page on prom-client has the numbers of lines', () => {
  const page = readFileSync(join(root, 'docs/from-prom-client.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (\d-[\w-]+) \|.*\| (\d+) \| (\d+) \|$/gm)].map(([, task, theirs, ours]) => [task, theirs, ours])
  expect(rows).toEqual(tasks.map((task) => [task, ...['prom-client', 'tallyscope'].map((library) => String(linesOf(task, library)))]))
})

describe('both programs of a task print the same', () => {
  test.each(tasks)(
    'as JavaScript: %s',
    async (task) => {
      const ours = await outputOf(examples, task, 'tallyscope')
      expect(ours.length).toBeGreaterThan(0)
      expect(ours).toEqual(await outputOf(examples, task, 'prom-client'))
    },
    60_000,
  )

  test('as TypeScript, strictly compiled', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [tsc, '-p', folder, '--pretty', 'false']).catch((failed) => failed)
    expect(stdout).toBe('')
    for (const task of tasks) {
      const ours = await outputOf(join(folder, 'compiled'), task, 'tallyscope')
      expect(ours, task).toEqual(await outputOf(join(folder, 'compiled'), task, 'prom-client'))
    }
  }, 120_000)
})
