import { afterEach, beforeEach, test, vi } from 'vitest'
import { ExportError, TransportError } from '../../../src/base/errors.js'
import { AsyncTransport } from '../../../src/exporters/transport/async-transport.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount, figure, seed } from '../../faults/amount.js'
import { randomNumbers } from '../random.js'

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const never = new Promise<never>(() => {})

/** One transport under a schedule of events that follows from the seed, held against what its exporter really took. */
class Schedule {
  readonly clock = new ManualClock()
  readonly random: () => number
  readonly maxQueueSize: number
  readonly transport: AsyncTransport<number>
  sent = 0
  /** Items whose export ended well, in the order in which it did. */
  readonly taken: number[] = []
  atOnce = 0
  mostAtOnce = 0
  exportsAfterShutdown = 0
  isShutDown = false
  hasJumpedQueue = false

  constructor(number: number) {
    this.random = randomNumbers(number)
    this.maxQueueSize = this.whole(1, 12)
    this.transport = new AsyncTransport(
      {
        export: (items: readonly number[]) => this.#export(items),
        shutdown: () => void (this.isShutDown = true),
        ...(this.random() < 0.5 && { exportSync: (items: readonly number[]) => this.#exportSync(items) }),
      },
      {
        maxQueueSize: this.maxQueueSize,
        maxBatchSize: this.whole(1, 6),
        waitPeriodMs: this.whole(0, 3_000),
        gracePeriodMs: this.whole(0, 5_000),
        exportTimeoutMs: this.whole(1, 2_000),
        retries: this.whole(0, 4),
        clock: this.clock,
        random: this.random,
      },
    )
  }

  whole(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1))
  }

  async step(): Promise<void> {
    const { transport, clock } = this
    const dice = this.random()
    if (dice < 0.45) for (let i = this.whole(1, 5); i > 0; i--) transport.send(this.sent++)
    else if (dice < 0.8) await clock.advanceAsync(this.whole(0, 1_500))
    else if (dice < 0.95) void transport.flush(this.random() < 0.5 ? undefined : this.whole(0, 2_000))
    else if (dice < 0.97) transport.flushSync()
    else void transport.shutdown()
  }

  /** Comes before what is being exported meanwhile. */
  #exportSync(items: readonly number[]): void {
    this.hasJumpedQueue = true
    const taken = this.random() < 0.7 ? items.length : this.whole(0, items.length)
    this.taken.push(...items.slice(0, taken))
    if (taken < items.length) throw new ExportError('ERR_TEST', 'full', { retryable: true, delivered: taken })
  }

  async #export(items: readonly number[]): Promise<void> {
    if (this.isShutDown) this.exportsAfterShutdown++
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce)
    try {
      const taken = await this.#end(items)
      if (taken) this.taken.push(...items)
    } finally {
      this.atOnce--
    }
  }

  /** Resolves with true where the items are taken in time; all that takes time may be beyond the time-out. */
  async #end(items: readonly number[]): Promise<boolean> {
    const dice = this.random()
    if (dice < 0.4) return true
    if (dice < 0.55) await this.#wait(this.whole(0, 3_000))
    else if (dice < 0.58) await never
    if (dice < 0.65) return true
    if (dice < 0.8) {
      const delivered = this.whole(0, items.length)
      this.taken.push(...items.slice(0, delivered))
      throw new ExportError('ERR_TEST', 'busy', {
        retryable: true,
        delivered,
        ...(this.random() < 0.2 && { retryAfterMs: this.whole(0, 900) }),
      })
    }
    if (dice < 0.9) throw new ExportError('ERR_TEST', 'bad', { retryable: false })
    if (dice < 0.99) throw new Error('other')
    throw new TransportError('ERR_TEST', 'gone')
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimer(ms, resolve))
  }

  check(): void {
    const { accepted, exported, rejected, dropped, queued, inFlight } = this.transport.accounting
    must(exported + rejected + dropped + queued + inFlight === accepted, 'the books balance')
    must(accepted === this.sent, 'every item is accepted')
    must(Math.min(exported, rejected, dropped, queued, inFlight) >= 0, 'nothing is negative')
    must(queued <= this.maxQueueSize, 'the queue keeps its bound')
    // What came too late was taken as well, but is in the books as rejected or dropped.
    must(exported <= this.taken.length, 'what counts as exported was taken')
    must(this.mostAtOnce <= 1, 'one export at a time')
    must(this.exportsAfterShutdown === 0, 'no export after shutdown')
  }

  async end(): Promise<void> {
    const ending = this.transport.shutdown()
    await this.clock.advanceAsync(20_000)
    await ending
    this.check()
    const { queued, inFlight } = this.transport.accounting
    must(queued + inFlight === 0, 'nothing is left at the end')
    must(new Set(this.taken).size === this.taken.length, 'no item is taken twice')
    must(this.hasJumpedQueue || this.taken.every((item, i) => i === 0 || item > this.taken[i - 1]!), 'items are taken in order')
    must(this.clock.timers === 0, 'no timer is left at the end')
  }
}

/** Not `expect`, which would take longer than all the rest. */
function must(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`not true: ${what}`)
}

const SCHEDULES = amount(2_500, 10_000)

test('sent items equal exported, dropped and queued ones at every step of random schedules', async () => {
  const first = seed()
  for (let number = first; number < first + SCHEDULES; number++) {
    const schedule = new Schedule(number)
    try {
      for (let steps = schedule.whole(5, 25); steps > 0; steps--) {
        await schedule.step()
        schedule.check()
      }
      await schedule.end()
    } catch (error) {
      throw new Error(`schedule ${number}: ${(error as Error).message}`, { cause: error })
    }
  }
  figure('transport accounting', `${SCHEDULES} random schedules, the books right at every step`)
}, 300_000)
