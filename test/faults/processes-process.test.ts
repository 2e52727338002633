import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { build, ChildProgram } from '../exporters/child-program.js'
import { readText } from '../exporters/prometheus/format/text-reader.js'
import { amount, figure } from './amount.js'
import { get, RawClient } from './raw-client.js'

let folder: string
let running: ChildProgram | undefined
beforeAll(build, 120_000)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-processes-'))
})
afterEach(() => {
  running?.kill('SIGKILL')
  running = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** A program of this folder, ended with the test at the latest. */
function program(name: string, settings: object, nodeOptions = ''): ChildProgram {
  running = new ChildProgram(join('../../faults/programs', name), settings, ['env', `NODE_OPTIONS=${nodeOptions}`])
  return running
}

/** What a program that ends by itself has printed. */
async function printed<T>(name: string, settings: object = {}, nodeOptions = ''): Promise<T> {
  const child = program(name, settings, nodeOptions)
  expect(await child.ended, child.stderr).toEqual({ status: 0, signal: null })
  return JSON.parse(child.stdout) as T
}

test('five threads, one of which is killed, have separate counts and leave complete lines in one file', async () => {
  const path = join(folder, 'metrics.jsonl')
  const records = amount(20_000, 1_000_000)
  const answers = await printed<{ name: string; text: string }[]>('threads.js', { path, records })
  expect(answers.map(({ name }) => name)).toEqual(['main', 'worker 0', 'worker 1', 'worker 2', 'worker 3'])
  for (const { name, text } of answers) expect(text).toContain(`calls_total{thread="${name}"} ${records}\n`)
  const lines = readFileSync(path, 'utf8').split('\n')
  expect(lines.pop()).toBe('')
  for (const line of lines) JSON.parse(line)
  for (const { name } of answers) expect(lines.some((line) => line.includes(`"${name}"`) && line.includes(String(records)))).toBe(true)
})

test('a child process inherits neither socket nor file, and the parent can close both', async () => {
  const path = join(folder, 'lines.jsonl')
  const seen = await printed<{ inherited: string[]; port: number }>('parent.js', { path })
  expect(seen).toEqual({ isOpen: true, inherited: [], isAlive: true, port: seen.port, again: seen.port })
})

test('a process that continues after SIGSTOP makes up for one tick and responds to waiting scrapes', async () => {
  let pushes = 0
  const gateway = createServer({ keepAliveTimeout: 200 }, (request, response) => {
    pushes++
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve))
  const child = program('freezes.js', { gateway: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}` })
  await child.says('at http')
  const url = /at (\S+)/.exec(child.stdout)![1]!
  const value = async (name: string, ...labels: string[]): Promise<number> => {
    const families = readText(await (await fetch(url, { headers: { connection: 'close' } })).text())
    const found = families.get(name)?.samples.find((sample) => labels.every((label) => [...sample.labels.values()].includes(label)))
    return found?.value ?? 0
  }
  await vi.waitFor(() => expect(pushes).toBeGreaterThan(1), 10_000)
  const skippedBefore = await value('tallyscope_task_skipped_ticks_total', 'ticking', 'late')
  const stoppedMs = amount(2_000, 60_000)
  child.kill('SIGSTOP')
  await delay(50)
  const asked = new RawClient(Number(new URL(url).port), get())
  await delay(stoppedMs)
  const pushesBefore = pushes
  child.kill('SIGCONT')
  await asked.closed
  expect(asked.statuses).toEqual([200])
  await vi.waitFor(() => expect(pushes).toBeGreaterThan(pushesBefore + 3), 10_000)
  const skipped = (await value('tallyscope_task_skipped_ticks_total', 'ticking', 'late')) - skippedBefore
  expect(skipped).toBeGreaterThanOrEqual(stoppedMs / 50 - 2)
  expect(await value('most_at_once')).toBeLessThanOrEqual(2)
  gateway.closeAllConnections()
  gateway.close()
}, 180_000)

interface Left {
  readonly before: { readonly resources: string[]; readonly listeners: Record<string, number>; readonly heap: number }
  readonly after: Left['before']
  readonly warnings: string[]
  readonly parts: number
  readonly alive: number
}

test('fifteen start and stop cycles of everything leave no timer, socket, listener or memory behind, and Node emits no warning', async () => {
  const rounds = amount(2, 10)
  const left = await printed<Left>('many-scopes.js', { folder, instances: 15, rounds }, '--expose-gc')
  // Our own warnings may report a time-out if the process was stopped for that long.
  expect(left.warnings.filter((warning) => !warning.startsWith('TallyscopeWarning'))).toEqual([])
  expect(left.after.resources).toEqual(left.before.resources)
  expect(left.after.listeners).toEqual(left.before.listeners)
  expect(left.parts).toBe(15 * 4 * rounds)
  // V8 may keep a few alive in caches of compiled code; a leak keeps all.
  expect(left.alive).toBeLessThanOrEqual(8)
  expect(left.after.heap - left.before.heap).toBeLessThan(2_000_000)
  figure(
    'after close',
    `${left.alive} of ${left.parts} parts alive, heap ${((left.after.heap - left.before.heap) / 1e6).toFixed(2)} MB more`,
  )
}, 300_000)

test('a script that creates one of everything ends at once by itself', async () => {
  let best = { afterMs: Infinity, wholeMs: Infinity }
  for (let tries = 0; tries < 3; tries++) {
    const taken = await printed<typeof best>('only-makes.js')
    if (taken.afterMs < best.afterMs) best = taken
  }
  figure('unref', `${best.wholeMs.toFixed(0)} ms from start to end, ${best.afterMs.toFixed(1)} ms of it after all was made`)
  expect(best.afterMs).toBeLessThan(200)
})
