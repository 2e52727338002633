// @ts-check
// Compares contenders. Benchmark.js times each sample; this file adds:
//
// - A case is a function with a loop of CALLS calls, so that the overhead of Benchmark.js for each of its cycles (a call through a property, a
//   newly compiled loop) is spread over a thousand calls. Each case is a closure with its own type feedback, like a call site in a program.
// - The loop reads arrays that were made in advance, and counts in a local variable. A counter outside the loop, or a constant of another
//   module, would take as long as the fastest cases.
// - Rounds are interleaved: A B C, B C A, …, one sample each, so that a slow moment of the machine affects all contenders.
// - Every case returns a number, which is added to `sink`, so that the compiler cannot remove the work.
// - Results are medians and quartiles, not means, because a shared machine has a few outliers.
// - Bytes per call are the growth of the heap after some thousand calls without a collection.
import Benchmark from 'benchmark'
import { median, ratio, spread } from './statistics.js'
import { CALLS, walkOn } from './walk.js'

/** The contender that is compared with the others. */
export const OURS = 'tallyscope'

/**
 * The size of a run. `warmMs` is how long each case runs before it is timed, long enough for the compiler to optimize every contender.
 * `sampleMs` is the length of one sample, short enough that most samples end before the system schedules another process. `heavy` includes
 * the large and slow cases.
 */
export const MODES = {
  smoke: { rounds: 3, warmMs: 1, sampleMs: 0.3, byteSamples: 3, scrapeRounds: 2, heavy: false },
  quick: { rounds: 31, warmMs: 50, sampleMs: 1, byteSamples: 9, scrapeRounds: 5, heavy: false },
  check: { rounds: 41, warmMs: 100, sampleMs: 2, byteSamples: 9, scrapeRounds: 7, heavy: true },
  full: { rounds: 41, warmMs: 200, sampleMs: 5, byteSamples: 15, scrapeRounds: 11, heavy: true },
}

/** @typedef {keyof typeof MODES} Mode */
/** @typedef {import('./walk.js').Loop} Loop */
/** @typedef {{ [contender: string]: () => Loop }} Makers Each sets a contender up and gives its loop. */

/**
 * One step of a scrape: `run` is timed, `before` and `after` are not. The number that it returns, such as the bytes of the body, is stored
 * with the time.
 * @typedef {object} Step
 * @property {() => unknown} [before]
 * @property {() => Promise<number> | number} run
 * @property {() => unknown} [after]
 */

/**
 * @typedef {import('./statistics.js').Spread} Spread
 * @typedef {Spread & { bytes?: number, note?: string }} Result
 * @typedef {object} Comparison
 * @property {string} suite
 * @property {string} name
 * @property {string} unit
 * @property {string} ours The contender that ratios are taken for.
 * @property {{ [contender: string]: Result }} contenders
 * @property {{ [peer: string]: Spread }} ratios Ours ÷ theirs.
 */

/** Receives all results, so that the compiler cannot remove the work. */
export const sink = { value: 0 }

/** The interface of the harness for suites. Results are passed to `report`. */
export class Bench {
  /**
   * @param {object} options
   * @param {string} options.suite
   * @param {Mode} options.mode
   * @param {string} [options.only] Comparisons whose name does not contain it are left out.
   * @param {(comparison: Comparison) => void} [options.report]
   * @param {(name: string) => void} [options.list] Is called with the name of every comparison; none is then run.
   */
  constructor({ suite, mode, only = '', report = () => {}, list }) {
    this.suite = suite
    this.mode = mode
    this.settings = MODES[mode]
    this.only = only.toLowerCase()
    this.report = report
    this.list = list
  }

  /** @param {string} name */
  wants(name) {
    if (this.list !== undefined) {
      this.list(name)
      return false
    }
    return `${this.suite}: ${name}`.toLowerCase().includes(this.only)
  }

  /**
   * Runs all comparisons of a table, one after the other. Before that, ours of all of them are run once: a service that has
   * recorded all kinds of things is what is measured, not a process that knows one kind.
   * @param {{ [name: string]: Makers }} table
   */
  compareAll(table) {
    const wanted = Object.keys(table).filter((name) => this.wants(name))
    if (wanted.length === 0) return
    /** @type {Map<string, Loop>} */
    const ours = new Map()
    for (const [name, makers] of Object.entries(table)) {
      const make = makers[OURS]
      if (make !== undefined) ours.set(name, make())
    }
    for (let turn = 0; turn < 30; turn++) for (const loop of ours.values()) sink.value += walkOn(loop)
    for (const name of wanted) {
      const loop = ours.get(name)
      this.compare(name, loop === undefined ? (table[name] ?? {}) : { ...table[name], [OURS]: () => loop })
    }
  }

  /**
   * Time in ns and bytes of one call of each contender.
   * @param {string} name
   * @param {Makers} makers
   * @param {{ ours?: string, longer?: number }} [options] Which contender ratios are taken for; by default `tallyscope`. How many times
   *   longer samples are than usual: contenders that need much memory would else measure how they push each other's out of the processor's
   *   caches.
   */
  compare(name, makers, { ours = OURS, longer = 1 } = {}) {
    if (!this.wants(name)) return
    const { rounds, warmMs, byteSamples } = this.settings
    const sampleMs = this.settings.sampleMs * longer
    const loops = Object.entries(makers).map(([contender, make]) => ({ contender, loop: make() }))
    collect() // before they get hot: a collection may throw away what the compiler has made
    const cases = loops.map((each) => ({ ...each, count: warm(each.loop, warmMs, sampleMs), samples: /** @type {number[]} */ ([]) }))
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < cases.length; turn++) {
        const { loop, count, samples } = /** @type {typeof cases[number]} */ (cases[(round + turn) % cases.length])
        samples.push((secondsOf(loop, count) / CALLS) * 1e9)
      }
    }
    /** @type {{ [contender: string]: number }} */
    const bytes = {}
    for (const { contender, loop } of cases) bytes[contender] = bytesPerCall(loop, byteSamples)
    this.#report(name, 'ns', Object.fromEntries(cases.map(({ contender, samples }) => [contender, samples])), { bytes, ours })
  }

  /**
   * Time in ms of one step of each contender, such as a scrape. The steps may be asynchronous. Gives the numbers that the
   * steps returned, for further tables; for their sake they are run where the filter leaves the times themselves out.
   * @param {string} name
   * @param {{ [contender: string]: Step }} steps
   * @param {{ rounds?: number | undefined, warmRounds?: number, ours?: string }} [options]
   */
  async compareSteps(name, steps, { rounds = this.settings.scrapeRounds, warmRounds = 1, ours = OURS } = {}) {
    /** @type {{ [contender: string]: number[] }} */
    const samples = {}
    /** @type {{ [contender: string]: number[] }} */
    const answers = {}
    const contenders = Object.keys(steps)
    for (const contender of contenders) {
      samples[contender] = []
      answers[contender] = []
    }
    for (let round = -warmRounds; round < rounds; round++) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = /** @type {string} */ (contenders[(round + warmRounds + turn) % contenders.length])
        const step = /** @type {Step} */ (steps[contender])
        await step.before?.()
        const { seconds, answer } = await secondsOfStep(step.run)
        await step.after?.()
        if (round < 0) continue
        samples[contender]?.push(seconds * 1e3)
        answers[contender]?.push(answer)
      }
    }
    if (this.wants(name)) this.#report(name, 'ms', samples, { ours })
    return answers
  }

  /**
   * Figures that were taken in other ways: bytes held, the longest hold of the event loop, …
   * @param {string} name
   * @param {string} unit
   * @param {{ [contender: string]: readonly number[] }} samples
   * @param {{ [contender: string]: string }} [notes]
   */
  figures(name, unit, samples, notes = {}) {
    if (this.wants(name)) this.#report(name, unit, samples, { notes })
  }

  /**
   * @param {string} name
   * @param {string} unit
   * @param {{ [contender: string]: readonly number[] }} samples
   * @param {{ bytes?: { [contender: string]: number }, notes?: { [contender: string]: string }, ours?: string }} [more]
   */
  #report(name, unit, samples, { bytes = {}, notes = {}, ours = OURS } = {}) {
    /** @type {Comparison} */
    const comparison = { suite: this.suite, name, unit, ours, contenders: {}, ratios: {} }
    for (const [contender, taken] of Object.entries(samples)) {
      /** @type {Result} */
      const result = spread(taken)
      if (bytes[contender] !== undefined) result.bytes = bytes[contender]
      if (notes[contender] !== undefined) result.note = notes[contender]
      comparison.contenders[contender] = result
      const own = samples[ours]
      if (contender !== ours && own !== undefined) comparison.ratios[contender] = ratio(own, taken)
    }
    this.report(comparison)
  }
}

/**
 * Lets a loop get hot, and finds how often it must run for one sample.
 * @param {Loop} loop
 * @param {number} warmMs
 * @param {number} sampleMs
 */
function warm(loop, warmMs, sampleMs) {
  const bench = runOnce({ fn: () => void (sink.value += walkOn(loop)), minTime: warmMs / 1e3, initCount: 1 })
  return Math.max(1, Math.round(sampleMs / 1e3 / sampleOf(bench)))
}

/**
 * Seconds of one run of the loop, by Benchmark.js over exactly `count` of them.
 * @param {Loop} loop
 * @param {number} count
 */
function secondsOf(loop, count) {
  return sampleOf(runOnce({ fn: () => void (sink.value += walkOn(loop)), minTime: 1e-9, initCount: count }))
}

/**
 * @param {Benchmark.Options} options
 * @returns {Benchmark}
 */
function runOnce(options) {
  // One sample: Benchmark.js stops as soon as it has minSamples and has run for longer than maxTime.
  return new Benchmark({ ...options, minSamples: 1, maxTime: -1, async: false }).run()
}

/** @param {Benchmark} bench */
function sampleOf(bench) {
  if (bench.error !== undefined) throw bench.error
  const seconds = bench.stats.sample.at(-1)
  if (seconds === undefined) throw new Error('the runner took no sample')
  return seconds
}

/**
 * @param {() => Promise<number> | number} step
 * @returns {Promise<{ seconds: number, answer: number }>}
 */
function secondsOfStep(step) {
  return new Promise((resolve, reject) => {
    let answer = 0
    const bench = new Benchmark({
      defer: true,
      async: true,
      delay: 0,
      initCount: 1,
      minSamples: 1,
      minTime: 1e-9,
      maxTime: -1,
      /** @param {{ resolve(): void }} deferred */
      fn: async (deferred) => {
        try {
          answer = await step()
          sink.value += answer
          deferred.resolve()
        } catch (error) {
          reject(error)
        }
      },
      onComplete: () => {
        try {
          resolve({ seconds: sampleOf(bench), answer })
        } catch (error) {
          reject(error)
        }
      },
    })
    bench.run({ async: true })
  })
}

const nothing = () => 0

/**
 * Bytes that one call allocates. Median of several: a sample is wrong when a collection came in between or
 * when the compiler put something on the heap.
 * @param {Loop} loop
 * @param {number} times
 */
export function bytesPerCall(loop, times) {
  const spent = grownBy(loop, times) - grownBy(nothing, times)
  return Math.max(0, Math.round((spent / CALLS) * 10) / 10)
}

/**
 * @param {Loop} loop
 * @param {number} times
 */
function grownBy(loop, times) {
  const samples = []
  for (let at = 0; at < times; at++) {
    collect('minor')
    const before = process.memoryUsage().heapUsed
    sink.value += walkOn(loop)
    samples.push(process.memoryUsage().heapUsed - before)
  }
  return median(samples)
}

/** @param {'major' | 'minor'} [type] */
export function collect(type = 'major') {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('run the bench with --expose-gc')
  if (type === 'minor') gc({ type: 'minor', execution: 'sync' })
  else gc() // without options: given the type `major`, Node 20 leaves much of the garbage for later
}
