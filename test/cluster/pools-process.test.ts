import { afterEach, beforeAll, expect, test } from 'vitest'
import { build, GroupProgram, scrape } from './group-program.js'

// Pools of piscina. Its threads block their event loop between tasks, unless `atomics` is 'disabled', and are ended by terminate().

beforeAll(build, 120_000)

let program: GroupProgram | undefined
afterEach(async () => {
  await program?.kill()
  program = undefined
})

const IN_TIME = { timeout: 10_000 }

async function start(settings: object): Promise<() => Promise<number | undefined>> {
  program = new GroupProgram('pool.js', settings)
  const { url } = await program.fact((fact) => 'url' in fact)
  return async () => (await scrape(url as string).catch(() => undefined))?.get('pool_tasks_total')
}

test('all records of tasks that send before their end count, even if their threads are terminated at once', {
  timeout: 60_000,
}, async () => {
  const total = await start({ idleTimeout: 0 })
  const { threads } = await program!.ask({ tasks: 300, flushes: true, destroy: true }, (fact) => fact['done'] === 301)
  expect(threads).toBeGreaterThan(1)
  await program!.fact((fact) => fact['destroyed'] === true)
  await expect.poll(total, IN_TIME).toBe(301)
})

test('thread pools in the workers of a cluster belong to the group', { timeout: 60_000 }, async () => {
  const total = await start({ workers: 2, idleTimeout: 60_000 })
  await expect.poll(() => program!.facts.filter((fact) => 'ready' in fact).length, IN_TIME).toBe(2)
  program!.command({ tasks: 50, flushes: true })
  await expect.poll(() => program!.facts.filter((fact) => 'done' in fact).length, IN_TIME).toBe(2)
  await expect.poll(total, IN_TIME).toBe(102)
})

test('threads that do not block between tasks need not send, since a scrape requests their rows', { timeout: 60_000 }, async () => {
  const total = await start({ idleTimeout: 60_000, atomics: 'disabled' })
  await program!.ask({ tasks: 300 }, (fact) => fact['done'] === 301)
  await expect.poll(total, IN_TIME).toBe(301)
})

test('the sent values of threads that block between tasks stay, and no value counts twice', { timeout: 60_000 }, async () => {
  const total = await start({ idleTimeout: 60_000 })
  await program!.ask({ tasks: 300, workMs: 10 }, (fact) => fact['done'] === 301)
  const first = (await total())!
  expect(first).toBeLessThanOrEqual(301)
  await program!.ask({ tasks: 300, workMs: 10, flushes: true }, (fact) => fact['done'] === 301)
  const second = (await total())!
  expect(second).toBeGreaterThanOrEqual(first + 300)
  expect(second).toBeLessThanOrEqual(602)
})
