import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { figure } from '../faults/amount.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const LIMIT_MS = 200
const MAX_TRIES = 25
/** What a library might start; reading of modules may still be under way. */
const STARTED = '/Timeout|Immediate|TCP|UDP|Server|FSEvent|Worker|MessagePort|Signal/'

beforeAll(() => {
  spawnSync(process.execPath, ['scripts/build.js'], { cwd: root })
}, 120_000)

/**
 * Milliseconds from the start of a process to its end, or of processor time where that is less since others ran too; the least of
 * some: a busy machine makes it longer, nothing makes it shorter.
 */
async function wholeMs(type: 'module' | 'commonjs', code: string, limitMs = LIMIT_MS): Promise<number> {
  const program = [`--input-type=${type}`, '-e', `process.on('exit', () => console.log(JSON.stringify(process.cpuUsage())))\n${code}`]
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < MAX_TRIES && (tries < 5 || least >= limitMs); tries++) {
    const started = performance.now()
    const { stdout } = await run(process.execPath, program, { cwd: root, env: { PATH: process.env.PATH ?? '' } })
    const { user, system } = JSON.parse(stdout)
    least = Math.min(least, performance.now() - started, (user + system) / 1e3)
  }
  return least
}

test('a script that only imports the library ends within 200 ms', async () => {
  const nothing = await wholeMs('module', '')
  // An empty script takes 28 ms; if it takes longer, the machine is slow.
  const limitMs = Math.max(LIMIT_MS, 5 * nothing)
  const imported = await wholeMs('module', "await import('tallyscope')", limitMs)
  const required = await wholeMs('commonjs', "require('tallyscope')", limitMs)
  figure(
    'a script that only imports the library',
    `${imported.toFixed(0)} ms by import, ${required.toFixed(0)} ms by require, ${nothing.toFixed(0)} ms without it`,
  )
  expect(imported).toBeLessThan(limitMs)
  expect(required).toBeLessThan(limitMs)
})

test('a script that creates everything and starts nothing ends at once', async () => {
  const program = `
    import { createTallyscope, Stats, Tracer, MetricRegistry, MemoryExporter, FileExporter, AsyncTransport } from 'tallyscope'
    import 'tallyscope/prometheus'
    const stats = new Stats()
    new Tracer({ stats, exporter: new MemoryExporter(), transport: (exporter) => new AsyncTransport(exporter) })
    new MetricRegistry()
    new FileExporter({ path: 'never-written.jsonl' })
    createTallyscope({ env: {}, stats })
    console.log(process.getActiveResourcesInfo().filter((kind) => ${STARTED}.test(kind)).length)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: root, timeout: 20_000 })
  expect(stdout.trim()).toBe('0')
})

test.each(['.', './prometheus', './fastify', './http-client', './opentracing', './prom-client', './logging', './testing'])(
  'importing %s opens nothing and starts nothing',
  async (subpath) => {
    const name = `tallyscope${subpath.slice(1)}`
    const program = `
      const state = () => [
        process.getActiveResourcesInfo().filter((kind) => ${STARTED}.test(kind)),
        process.eventNames().map((event) => [event, process.listenerCount(event)]),
      ]
      const before = JSON.stringify(state())
      await import('${name}')
      console.log(before === JSON.stringify(state()) ? 'as before' : JSON.stringify(state()))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: root, timeout: 20_000 })
    expect(stdout.trim()).toBe('as before')
    expect(Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports)).toContain(subpath)
  },
)
