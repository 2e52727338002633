import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { amount, seed } from '../faults/amount.js'
import { randomFrom } from '../faults/mutate.js'
import { type End, SimulatedProcess, simulateProcesses } from './simulated-process.js'

// Random groups whose processes join, record, are scraped, and end at any moment. Other numbers of groups: TALLYSCOPE_TEST_GROUPS=1000.

const GROUPS = Number(process.env.TALLYSCOPE_TEST_GROUPS ?? amount(20, 5_000))
const AT_ONCE = 40
const MAX_RUNNING = 5
const ENDS: readonly End[] = ['leave', 'exit', 'exit', 'kill']
/** What a group needs at most to agree on its totals, on a machine that is busy. */
const SETTLE_MS = 30_000

const folder = mkdtempSync(join(tmpdir(), 'ts-ends-'))
beforeAll(simulateProcesses)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Page = Readonly<Record<string, number>>

/** A process, and the name of the counter that only it has. All of them have the counter `hits`. */
interface Named {
  readonly name: string
  readonly process: SimulatedProcess
}

class RandomGroup {
  readonly #number: number
  /** One for each group, because an ended group leaves files to its next process. */
  readonly #folder: string
  readonly #below: (limit: number) => number
  readonly #running: Named[] = []
  readonly #ending: Named[] = []
  readonly #shown = new Map<string, number>()
  readonly #scrapes: Promise<unknown>[] = []
  readonly #faults: string[] = []
  readonly #log: string[] = []
  /** True if the process that ends, or has ended last, is killed. */
  #isKilling = false

  constructor(number: number) {
    this.#number = number
    this.#folder = join(folder, String(number))
    mkdirSync(this.#folder, { mode: 0o700 })
    this.#below = randomFrom(number)
  }

  /** Resolves to what was wrong, with all that has happened; undefined if nothing was. */
  async run(): Promise<string | undefined> {
    this.#start()
    for (let steps = 10 + this.#below(20); steps > 0; steps--) await this.#step()
    await this.#ended()
    await this.#settled((page) => this.#wrongTotals(page))
    const all = [...this.#ending, ...this.#running]
    for (const { process } of this.#running.splice(0)) process.endAfter(0, 0, 'leave')
    await Promise.all(all.map(({ process }) => process.ended))
    if (this.#faults.length === 0) return undefined
    const calls = all.map(({ name, process }) => `${name}: ${process.calls.join(', ')}`)
    return [`group ${this.#number}:`, ...this.#faults, ...this.#log, ...calls].join('\n')
  }

  async #step(): Promise<void> {
    const kind = this.#below(9)
    if (kind < 2) return this.#start()
    if (kind < 4) return this.#record(this.#any())
    if (kind < 5) return void this.#scrapes.push(this.#scrape(this.#any()).catch(() => {}))
    if (kind < 7) return this.#endOne(ENDS[this.#below(ENDS.length)]!)
    await sleep(this.#below(kind === 7 ? 400 : 20))
  }

  #start(): void {
    if (this.#running.length >= MAX_RUNNING) return
    const name = `of${this.#running.length + this.#ending.length}`
    const started = { name, process: new SimulatedProcess('e', this.#folder) }
    this.#running.push(started)
    this.#log.push(`start ${name}`)
    this.#record(started)
  }

  #any(): Named {
    return this.#running[this.#below(this.#running.length)]!
  }

  #record({ name, process }: Named): void {
    const { values } = process.numbers
    const by = 1 + this.#below(9)
    for (const key of [name, 'hits']) values[key] = (values[key] ?? 0) + by
  }

  async #scrape({ name, process }: Named): Promise<Page> {
    const before = [...this.#shown]
    const page = await process.page()
    if (process.isDead) throw new Error('no process is there to show it')
    this.#log.push(`${name} shows ${JSON.stringify(page)}`)
    for (const [key, shown] of before) if ((page[key] ?? 0) < shown) this.#faults.push(`${key} falls from ${shown} to ${page[key]}`)
    for (const [key, value] of Object.entries(page)) this.#shown.set(key, Math.max(value, this.#shown.get(key) ?? 0))
    return page
  }

  /**
   * Ends one process, unless no other has joined, whose group would end with it. A kill comes alone, after a page of a group with a standby:
   * totals may fall if the keeper and its standby end at the same moment and one of them is killed.
   */
  async #endOne(how: End): Promise<void> {
    if (how === 'kill' || this.#isKilling) {
      await this.#ended()
      const hadStandby = this.#joined() > 1
      await this.#settled(() => [])
      if (!hadStandby) return
    }
    const isLast = (one: Named): boolean => this.#joined() - Number(one.process.hasJoined) < 1
    const one = this.#any()
    if (this.#running.length < 2 || isLast(one)) return
    this.#isKilling = how === 'kill'
    this.#running.splice(this.#running.indexOf(one), 1)
    this.#ending.push(one)
    const [calls, microtasks] = [this.#below(2) * this.#below(60), this.#below(2) * this.#below(12)]
    this.#log.push(`${one.name}: ${how} after ${calls} calls and ${microtasks} microtasks`)
    one.process.endAfter(calls, microtasks, how)
  }

  #joined(): number {
    return this.#running.filter(({ process }) => process.hasJoined).length
  }

  async #ended(): Promise<void> {
    await Promise.all([...this.#ending.map(({ process }) => process.ended), ...this.#scrapes])
  }

  /** Scrapes until nothing is wrong with a page. */
  async #settled(wrongWith: (page: Page) => string[]): Promise<void> {
    const untilMs = Date.now() + SETTLE_MS
    for (;;) {
      const wrong = await this.#scrape(this.#any()).then(wrongWith, (error: unknown) => [String(error)])
      if (wrong.length === 0) return
      if (Date.now() > untilMs || this.#faults.length > 0) return void this.#faults.push(...wrong)
      await sleep(20)
    }
  }

  #wrongTotals(page: Page): string[] {
    return [...this.#ending, ...this.#running].flatMap(({ name, process }) => {
      const [shown, truth] = [page[name] ?? 0, process.numbers.values[name]!]
      const isRight = process.end === 'kill' ? shown <= truth : shown === truth
      return isRight ? [] : [`${name} is ${shown} instead of ${truth}`]
    })
  }
}

test('processes that end at any moment lose nothing and count once, and no total falls', { timeout: 3_600_000 }, async () => {
  let next = seed()
  const last = next + GROUPS
  const faults: string[] = []
  const run = async (): Promise<void> => {
    while (next < last) {
      const fault = await new RandomGroup(next++).run()
      if (fault !== undefined) faults.push(fault)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  expect(faults.join('\n\n')).toBe('')
})
