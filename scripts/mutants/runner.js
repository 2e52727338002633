// Runs in the one worker of vitest: every test file first as it is, which shows what tests reach which mutant, then once for each
// mutant that is still alive, with the modules fresh and only the tests that reach it, until one fails.
import { appendFileSync, readFileSync } from 'node:fs'
import { TestRunner, vi } from 'vitest'

const { mutants, tests: allTests, journal, slowMs } = JSON.parse(readFileSync(process.env.TALLYSCOPE_MUTANTS, 'utf8'))
/** Loops may take ten times as many turns with a mutant as the same tests do without, and these. */
const MORE_TURNS = 20_000

const state = {
  on: 0,
  reached: new Uint8Array(mutants.length + 1),
  turns: 0,
  mostTurns: Number.POSITIVE_INFINITY,
  is(id) {
    if (this.on === 0) this.reached[id] = 1
    return this.on === id
  },
  turn() {
    this.turns += 1
    if (this.turns > this.mostTurns) throw new Error('a loop without end')
  },
}
globalThis.__mutants = state

const note = (event) => appendFileSync(journal, `${JSON.stringify(event)}\n`)
const events = readFileSync(journal, 'utf8')
  .trim()
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line))
const dead = new Set(events.filter(({ what }) => what === 'killed' || what === 'stuck').map(({ id }) => id))
/** Mutants that a file has been tried on, in a run that was ended since. */
const tried = new Set(events.filter(({ what }) => what === 'survived').map(({ id, file }) => `${file} ${id}`))

const fullName = (task) => (task.suite ? `${fullName(task.suite)} > ${task.name}` : task.name)
const testsOf = (task) => (task.type === 'test' ? [task] : task.tasks.flatMap(testsOf))
const hasFailed = (task) => task.result?.state === 'fail' || (task.tasks ?? []).some(hasFailed)

/** One run of a file with a mutant. It reports to nobody. */
class RunWithMutant extends TestRunner {
  constructor(outer, wanted, times) {
    super(outer.config)
    this.moduleRunner = outer.moduleRunner
    this.__setTraces(outer._otel)
    this.wanted = wanted
    this.times = times
  }

  onCollected(files) {
    const order = (tasks) => {
      const time = (task) => Math.min(...testsOf(task).map((test) => this.times.get(fullName(test)) ?? 0))
      for (const task of tasks) if (task.type === 'suite') order(task.tasks)
      tasks.sort((a, b) => time(a) - time(b))
    }
    for (const file of files) {
      for (const test of testsOf(file)) if (!this.wanted(fullName(test))) test.mode = 'skip'
      order(file.tasks)
    }
  }

  onAfterRunTask(test) {
    super.onAfterRunTask(test)
    if (hasFailed(test)) this.cancelRun = true
  }

  /** Snapshots are none of ours to write. */
  async onAfterRunSuite() {}
}

export default class MutantRunner extends TestRunner {
  reachedBy = new Map()
  atImport = new Uint8Array(0)
  times = new Map()
  turns = new Map()
  turnsAtImport = 0

  async onCollected() {
    this.atImport = state.reached
    this.turnsAtImport = state.turns
    state.reached = new Uint8Array(mutants.length + 1)
  }

  onBeforeTryTask(test, ...rest) {
    state.reached = new Uint8Array(mutants.length + 1)
    state.turns = 0
    return super.onBeforeTryTask(test, ...rest)
  }

  onAfterRunTask(test) {
    super.onAfterRunTask(test)
    this.reachedBy.set(fullName(test), state.reached)
    this.times.set(fullName(test), test.result?.duration ?? 0)
    this.turns.set(fullName(test), state.turns)
  }

  // oxlint-disable-next-line typescript/no-misused-promises -- vitest waits for it
  async onAfterRunFiles(files) {
    for (const file of files) {
      if (hasFailed(file)) note({ what: 'fails', file: file.name })
      else await this.tryMutants(file)
    }
    super.onAfterRunFiles(files)
    for (const file of files) note({ what: 'done', file: file.name })
    this.reachedBy.clear()
    this.times.clear()
    this.turns.clear()
    this.reset()
    state.reached = new Uint8Array(mutants.length + 1)
    state.turns = 0
  }

  /** The modules as if nothing had been loaded. */
  reset() {
    state.on = 0
    vi.useRealTimers()
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    vi.unstubAllGlobals()
    vi.resetModules()
    for (const key of Object.getOwnPropertySymbols(globalThis)) {
      if (key.description?.startsWith('tallyscope')) globalThis[key].clear() // src/base/process-global.ts
    }
  }

  async tryMutants(file) {
    const { startTests } = await import('@vitest/runner')
    const mine = mutants.filter(
      ({ id, source, isLeft }) => !isLeft && allTests[source].includes(file.name) && !dead.has(id) && !tried.has(`${file.name} ${id}`),
    )
    for (const { id } of mine) {
      const always = this.atImport[id] === 1
      const reaching = [...this.reachedBy.keys()].filter((name) => always || this.reachedBy.get(name)[id] === 1)
      if (reaching.length === 0) continue
      // Tests of large amounts take part only where no other gets there: they rarely see what those do not.
      const quick = reaching.filter((name) => this.times.get(name) < slowMs)
      const wanted = new Set(quick.length > 0 ? quick : reaching)
      note({ what: 'begun', id, file: file.name })
      const begun = performance.now()
      this.reset()
      state.turns = 0
      const turns = [...wanted].reduce((sum, name) => sum + this.turns.get(name), this.turnsAtImport)
      state.mostTurns = 10 * turns + MORE_TURNS
      state.on = id
      const run = new RunWithMutant(this, (name) => wanted.has(name), this.times)
      const files = await startTests([file.filepath], run)
      const failed = files.flatMap(testsOf).find(hasFailed)
      const killed = files.some(hasFailed)
      if (killed) dead.add(id)
      note({
        what: killed ? 'killed' : 'survived',
        id,
        file: file.name,
        ms: Math.round(performance.now() - begun),
        ...(failed ? { test: failed.name } : {}),
      })
    }
    state.mostTurns = Number.POSITIVE_INFINITY
  }
}
