import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { build, ChildProgram } from '../exporters/child-program.js'
import { amount, figure } from './amount.js'

let folder: string
let path: string
beforeAll(build, 120_000)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-shutdown-'))
  path = join(folder, 'spans.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [])

interface End {
  readonly status: number | null
  readonly stderr: string
  /** From the last signal to the end. */
  readonly tookMs: number
  readonly lines: number
}

/** Runs a program with 2 048 spans waiting until signals, some time apart, end it. */
async function ended(settings: object, signals: readonly NodeJS.Signals[], apartMs = 0): Promise<End> {
  rmSync(path, { force: true })
  const program = new ChildProgram('at-the-end.js', { path, end: 'signal', ...settings })
  await program.says('ready')
  let sentMs = 0
  for (const [i, signal] of signals.entries()) {
    if (i > 0) await new Promise((resolve) => void setTimeout(resolve, apartMs))
    sentMs = performance.now()
    program.kill(signal)
  }
  const { status } = await program.ended
  return { status, stderr: program.stderr, tookMs: performance.now() - sentMs, lines: linesOf(path).length }
}

/** The first of three tries that was in time: on a busy machine one may not be. */
async function inTime(maxMs: number, run: () => Promise<End>): Promise<End> {
  for (let left = 2; ; left--) {
    const end = await run()
    if (end.tookMs <= maxMs || left === 0) return end
  }
}

test('SIGTERM with 2 048 waiting spans loses none within a second and exits with status 143', async () => {
  const end = await inTime(1_000, () => ended({}, ['SIGTERM']))
  expect(end).toMatchObject({ status: 143, stderr: '', lines: 2_048 })
  expect(end.tookMs).toBeLessThan(1_000)
  figure('shutdown, SIGTERM with 2,048 queued', `${2_048 - end.lines} lost, ${end.tookMs.toFixed(0)} ms, status ${end.status}`)
})

test('SIGINT with 2 048 waiting spans loses none within a second and exits with status 130', async () => {
  const end = await inTime(1_000, () => ended({}, ['SIGINT']))
  expect(end).toMatchObject({ status: 130, stderr: '', lines: 2_048 })
  expect(end.tookMs).toBeLessThan(1_000)
})

test('SIGTERM with a hanging exporter exits at the grace period of 5 s with status 143 and logs the loss', async () => {
  const end = await inTime(5_500, () => ended({ exporter: 'hanging' }, ['SIGTERM']))
  expect(end.status).toBe(143)
  expect(end.stderr).toContain('exporter hanging did not export 2048 items, which are lost (grace_period)')
  expect(end.tookMs).toBeGreaterThan(4_500)
  expect(end.tookMs).toBeLessThan(5_500)
  figure('shutdown, exporter that hangs', `${(end.tookMs / 1_000).toFixed(2)} s, status ${end.status}`)
})

test('a second SIGTERM ends the process within 100 ms', async () => {
  const end = await inTime(100, () => ended({ exporter: 'hanging' }, ['SIGTERM', 'SIGTERM'], 200))
  expect(end.status).toBe(143)
  expect(end.tookMs).toBeLessThan(100)
  figure('shutdown, second signal', `${end.tookMs.toFixed(0)} ms`)
})

test('SIGTERM followed soon by SIGINT exits with the status of the second', async () => {
  expect(await ended({ exporter: 'hanging' }, ['SIGTERM', 'SIGINT'], 200)).toMatchObject({ status: 130 })
})

test('process.exit() with an exporter that cannot write synchronously logs the number of lost items', async () => {
  const program = new ChildProgram('at-the-end.js', { path, end: 'exit', exporter: 'hanging' })
  expect(await program.ended).toEqual({ status: 3, signal: null })
  expect(program.stderr).toContain('TallyscopeWarning: exporter hanging cannot export synchronously: 2048 items are lost')
})

test('process.exit() with a whole Tallyscope writes the waiting spans', async () => {
  const program = new ChildProgram('../../faults/programs/end-of-a-scope.js', { traces: path, metrics: join(folder, 'm'), end: 'exit' })
  expect([await program.ended, program.stderr]).toEqual([{ status: 3, signal: null }, ''])
  expect(linesOf(path)).toHaveLength(500)
})

test('a span exporter that hangs at the end does not affect the other exporters of spans or metrics', async () => {
  const metrics = join(folder, 'metrics.jsonl')
  const settings = { traces: path, metrics, hangs: true, gracePeriodMs: 3_000 }
  const program = new ChildProgram('../../faults/programs/end-of-a-scope.js', settings)
  await program.says('ready')
  program.kill('SIGTERM')
  expect(await program.ended).toEqual({ status: 143, signal: null })
  expect(linesOf(path)).toHaveLength(500)
  expect(linesOf(metrics).some((line) => line.includes('shop/orders') && line.includes('"value":500'))).toBe(true)
  expect(program.stderr).toContain('exporter hanging did not export 500 items')
})

test('an uncaught error and an unhandled rejection lose nothing and leave status 1', async () => {
  for (const end of ['throw', 'reject']) {
    const program = new ChildProgram('at-the-end.js', { path, end })
    expect(await program.ended).toEqual({ status: 1, signal: null })
    expect(program.stderr).toContain(end === 'throw' ? 'TypeError: thrown' : 'Error: rejected')
    expect(linesOf(path)).toHaveLength(2_048)
    rmSync(path)
  }
})

test('abort and out of memory run no hooks: flushed lines are whole, at most one batch is lost', async () => {
  for (const how of ['abort', 'out of memory']) {
    const wrap = ['bash', '-c', 'ulimit -c 0; node="$0"; exec "$node" --max-old-space-size=30 "$@"']
    const program = new ChildProgram('../../faults/programs/crash.js', { path, how }, wrap)
    expect(await program.ended).toEqual({ status: null, signal: 'SIGABRT' })
    const numbers = linesOf(path).map((line) => JSON.parse(line).i as number)
    expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, i) => i))
    rmSync(path)
  }
})

test('100 000 items a second to a hanging exporter grow the process by less than 20 MB', async () => {
  const seconds = amount(3, 60)
  // A small young generation: the garbage of such a producer takes 14 MB otherwise, with a transport or without.
  const node = ['env', 'NODE_OPTIONS=--expose-gc --max-semi-space-size=1']
  const program = new ChildProgram('../../faults/programs/faster-for-ever.js', { seconds }, node)
  expect(await program.ended).toEqual({ status: 0, signal: null })
  const { grown, heapGrown, queued, accepted, perSecond, balance } = JSON.parse(program.stdout)
  expect([queued, balance]).toEqual([2_048, accepted])
  expect(perSecond).toBeGreaterThan(50_000)
  expect(grown).toBeLessThan(20e6)
  expect(heapGrown).toBeLessThan(1e6)
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
  figure(
    'queue, 100,000 items/s to an exporter that hangs',
    `${seconds} s: RSS changed by ${megabytes(grown)}, the heap by ${megabytes(heapGrown)}; ${queued} items queued`,
  )
}, 120_000)
