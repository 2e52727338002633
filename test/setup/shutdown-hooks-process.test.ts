import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { installShutdownHooks } from '../../src/setup/shutdown-hooks.js'
import { build, ChildProgram } from '../exporters/child-program.js'

let folder: string
let path: string
beforeAll(build, 120_000)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-end-'))
  path = join(folder, 'spans.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lines = (): number => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0)

/** Runs the program to its end, with signals sent at times after it is ready. */
async function run(settings: object, ...signals: [delayMs: number, signal: NodeJS.Signals][]) {
  const program = new ChildProgram('at-the-end.js', { path, ...settings })
  await program.says('ready')
  const startMs = performance.now()
  for (const [delayMs, signal] of signals) setTimeout(() => program.kill(signal), delayMs)
  const end = await program.ended
  return { ...end, stdout: program.stdout, stderr: program.stderr, tookMs: performance.now() - startMs, lines: lines() }
}

describe('a signal', () => {
  test.each<[NodeJS.Signals, number]>([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ])('%s with 2 048 spans queued loses none and gives the status %i', async (signal, status) => {
    const end = await run({ end: 'signal', gracePeriodMs: 600_000 }, [0, signal])
    expect(end).toMatchObject({ status, signal: null, stderr: '', lines: 2_048 })
  })

  test('with the default transport loses no spans', async () => {
    const end = await run({ end: 'signal', maxQueueSize: 2_048, maxBatchSize: 600 }, [0, 'SIGTERM'])
    expect(end).toMatchObject({ status: 143, lines: 2_048 })
  })

  test('with a hanging exporter ends at the grace period, and logs how much is lost', async () => {
    const end = await run({ end: 'signal', exporter: 'hanging', gracePeriodMs: 1_000 }, [0, 'SIGTERM'])
    expect(end).toMatchObject({ status: 143, signal: null })
    expect(end.tookMs).toBeGreaterThan(950)
    expect(end.stderr).toContain('exporter hanging did not export 2048 items, which are lost (grace_period)')
  })

  test.each(['object', 'node'])('shuts targets down in order: spans of a closing server are exported (%s)', async (serves) => {
    expect(await run({ end: 'signal', serves }, [0, 'SIGTERM'])).toMatchObject({ status: 143, stderr: '', lines: 2_049 })
  })

  test('ends at once if it is repeated', async () => {
    const program = new ChildProgram('at-the-end.js', { path, end: 'signal', exporter: 'hanging', gracePeriodMs: 600_000 })
    await program.says('ready')
    // The system merges signals that are pending, so that two may arrive as one on a busy machine.
    const timer = setInterval(() => program.kill('SIGTERM'), 100)
    onTestFinished(() => {
      clearInterval(timer)
      program.kill('SIGKILL')
    })
    expect(await program.ended).toMatchObject({ status: 143 })
  })

  test('that the application also handles only flushes; the application exits by itself', async () => {
    const end = await run({ end: 'signal to others too' }, [0, 'SIGTERM'])
    expect(end).toMatchObject({ status: 42, signal: null, lines: 2_048 })
  })

  test('ends the process itself if the hooks are to raise it, and loses no span', async () => {
    const end = await run({ end: 'signal', raiseSignal: true }, [0, 'SIGTERM'])
    expect(end).toMatchObject({ status: null, signal: 'SIGTERM', stderr: '', lines: 2_048 })
  })

  test.each([
    [true, { status: null, signal: 'SIGTERM' }],
    [false, { status: 143, signal: null }],
  ])(
    'that the application raises again as its last step ends the process as without the hooks: raiseSignal %s',
    async (raiseSignal, end) => {
      const ended = await run({ end: 'signal to others that raise it again', raiseSignal }, [0, 'SIGTERM'])
      expect(ended).toMatchObject({ ...end, stderr: '', lines: 2_048 })
    },
  )

  test('that the program raises as its last step ends it as without the hooks', async () => {
    const ended = await run({ end: 'signal of its own as the last step', raiseSignal: true })
    expect(ended).toMatchObject({ status: null, signal: 'SIGTERM', stderr: '', lines: 2_048 })
  })

  test.each([
    ['', true, { status: null, signal: 'SIGTERM', stdout: 'ready\ncleaned up\n' }],
    [', and goes on', true, { status: 44, signal: null, stdout: 'ready\ncleaned up\n' }],
    ['', false, { status: 143, signal: null, stdout: 'ready\n' }],
  ])('ends a process whose other listener yields%s, and loses nothing: raiseSignal %s', async (goesOn, raiseSignal, end) => {
    const ended = await run({ end: `signal to one that yields${goesOn}`, raiseSignal }, [0, 'SIGTERM'])
    expect(ended).toMatchObject({ ...end, stderr: '', lines: 2_048 })
    expect(ended.tookMs).toBeLessThan(5_000)
  })

  test('has its default effect after the hooks are removed', async () => {
    const end = await run({ end: 'signal after taking the hooks away' }, [0, 'SIGTERM'])
    expect(end).toMatchObject({ status: null, signal: 'SIGTERM', lines: 0 })
  })
})

describe('an uncaught exception', () => {
  test.each(['throw', 'throw no error', 'reject'])('is printed as Node does, with its status, and loses nothing: %s', async (how) => {
    const [end, plain] = await Promise.all([run({ end: how }), run({ end: how, hooks: 0, spans: 0 })])
    expect(end).toMatchObject({ status: 1, signal: null, lines: 2_048 })
    // Where a text was thrown Node knows the place, and nobody else does.
    const printed = how === 'throw no error' ? plain.stderr.replace(/\n[^]*\^\n/, '\n') : plain.stderr
    expect(end.stderr).toBe(printed)
  })

  test.each(['throw in a listener of exit', 'throw in a listener of exit, with a status', 'exit with a listener of exit that throws'])(
    'in a listener of exit is printed as Node does, with its status, and loses nothing: %s',
    async (how) => {
      const [end, plain] = await Promise.all([run({ end: how }), run({ end: how, hooks: 0, spans: 0 })])
      const ofProgram = (text: string) => text.replace(/^.*\(node:.*\n/gm, '')
      expect(end).toMatchObject({ status: plain.status, signal: null, lines: 2_048 })
      expect(ofProgram(end.stderr)).toBe(ofProgram(plain.stderr))
    },
  )

  test('ends a process in which Sentry listens too, and loses nothing', async () => {
    expect(await run({ end: 'throw to one that yields' })).toMatchObject({ status: 1, stderr: '', lines: 2_048 })
  })

  test('is in a diagnostic report if Node is to write one', async () => {
    expect(await run({ end: 'throw, with a report' })).toMatchObject({ status: 1, lines: 2_048 })
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { javascriptStack: { message: string } }
    expect(report.javascriptStack.message).toContain('thrown')
  })

  test('that the application handles does not end the process', async () => {
    expect(await run({ end: 'throw to others too' })).toMatchObject({ status: 43, stderr: '', lines: 2_048 })
  })

  test('with a hanging exporter ends at the grace period', async () => {
    const end = await run({ end: 'throw', exporter: 'hanging', gracePeriodMs: 500 })
    expect(end.status).toBe(1)
    expect(end.tookMs).toBeLessThan(1_000)
  })
})

describe('a natural exit', () => {
  test('flushes, and keeps the exit status of the application', async () => {
    expect(await run({ end: 'nothing' })).toMatchObject({ status: 0, stderr: '', lines: 2_048 })
    expect(await run({ end: 'nothing, with a status', path: `${path}.2` })).toMatchObject({ status: 7 })
  })

  test('is not delayed forever by a hanging exporter', async () => {
    const end = await run({ end: 'nothing', exporter: 'hanging', gracePeriodMs: 500 })
    expect(end.status).toBe(0)
    expect(end.tookMs).toBeLessThan(1_500)
  })

  test.each([
    ['of a batch', { end: 'exit' }],
    ['exported one by one', { end: 'exit', transport: 'sync' }],
    ['in the middle of a flush', { end: 'exit while a flush is under way' }],
    ['exported one by one, in the middle of a flush', { end: 'exit while a flush is under way', transport: 'sync' }],
  ])('by process.exit() writes spans that wait for a file, each once: %s', async (_, settings) => {
    const program = new ChildProgram('at-the-end.js', { path, ...settings })
    expect(await program.ended).toEqual({ status: 3, signal: null })
    expect(program.stderr).toBe('')
    const names = readFileSync(path, 'utf8').match(/span \d+/g)
    expect(new Set(names).size).toBe(2_048)
    expect(lines()).toBe(2_048)
  })

  test('process.exit() in a signal handler of the application loses no span', async () => {
    expect(await run({ end: 'signal to others that exit at once' }, [0, 'SIGTERM'])).toMatchObject({ status: 42, stderr: '', lines: 2_048 })
  })

  test.each(['exit', 'nothing', 'throw'])('exports the metrics of the last interval, once: %s', async (end) => {
    await new ChildProgram('at-the-end.js', { path, end, metrics: 7 }).ended
    const exported = readFileSync(`${path}.metrics`, 'utf8').trimEnd().split('\n')
    expect(exported).toHaveLength(1)
    expect(exported[0]).toContain('"value":7')
  })

  test.each([
    ['exit', 'cannot export synchronously: 2048 items are lost'],
    ['exit while a flush is under way', 'was exporting 2048 items when the process ended: they may be lost'],
  ])('by process.exit() logs how many spans are lost with an asynchronous exporter: %s', async (end, message) => {
    const program = new ChildProgram('at-the-end.js', { path, end, exporter: 'hanging' })
    expect(await program.ended).toEqual({ status: 3, signal: null })
    expect(program.stderr).toContain(message)
  })
})

test('a hundred hooks are one listener for each event', async () => {
  expect(await run({ end: 'signal', hooks: 100 }, [0, 'SIGTERM'])).toMatchObject({ status: 143, stderr: '', lines: 2_048 })
})

test('a failing exporter does not delay the exit', async () => {
  const end = await run({ end: 'signal', exporter: 'failing' }, [0, 'SIGTERM'])
  expect(end.status).toBe(143)
  expect(end.stderr).toContain('exporter failing failed, 2048 items are lost: no')
})

test('timers of tasks and transports do not keep a process alive', async () => {
  const startMs = performance.now()
  const program = new ChildProgram('only-unref.js')
  expect(await program.ended).toEqual({ status: 0, signal: null })
  expect(program.stdout).toBe('done\n')
  expect(performance.now() - startMs).toBeLessThan(3_000)
})

test('a process that awaits a hanging exporter ends at the grace period', async () => {
  const program = new ChildProgram('close-with-hanging-exporter.js')
  expect(await program.ended).toEqual({ status: 0, signal: null })
  expect(program.stdout).toBe('done\n')
})

test('a closed pipe ends printing quietly', async () => {
  const command = `"${process.execPath}" "${join(import.meta.dirname, '../exporters/programs/print-for-ever.js')}" | head -n 1`
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile('bash', ['-o', 'pipefail', '-c', command], (_error, stdout, stderr) => resolve({ stdout, stderr }))
  })
  expect(stdout.split('\n')).toHaveLength(2)
  expect(stderr).toBe('')
})

test.each([
  [[{}], {}, 'ERR_SHUTDOWN_TARGET'],
  [undefined, {}, 'ERR_SHUTDOWN_TARGET'],
  [[], { gracePeriodMs: -1 }, 'ERR_SHUTDOWN_OPTION'],
  [[], { signals: ['SIGNOTHING'] }, 'ERR_SHUTDOWN_OPTION'],
  [[], { signals: ['SIGKILL'] }, 'ERR_SHUTDOWN_OPTION'],
  [[], { signals: 'SIGTERM' }, 'ERR_SHUTDOWN_OPTION'],
  [[], { raiseSignal: 'yes' }, 'ERR_SHUTDOWN_OPTION'],
])('invalid parameters are refused at once and leave no listener: %#', (targets, options, code) => {
  const before = process.eventNames().length
  expect(() => installShutdownHooks(targets as never, options as never)).toThrowError(expect.objectContaining({ code }))
  expect(process.eventNames()).toHaveLength(before)
})

test('removing the hooks, in any order, leaves nothing behind', () => {
  const events = ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'beforeExit', 'exit']
  const count = (): number[] => events.map((event) => process.listenerCount(event))
  const before = count()
  const first = installShutdownHooks({ flush() {} })
  const second = installShutdownHooks([{ close() {} }], { signals: ['SIGTERM', 'SIGHUP'] })
  expect(count()).toEqual(before.map((listeners) => listeners + 1))
  first()
  first()
  expect(count()).toEqual(before.map((listeners, i) => (events[i] === 'SIGINT' ? listeners : listeners + 1)))
  second()
  expect(count()).toEqual(before)
})
