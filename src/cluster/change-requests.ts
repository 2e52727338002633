import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import { withTimeout } from '../base/with-timeout.js'
import { countRequest } from './group-metrics.js'
import { controlFrame } from './net/control-frames.js'
import type { MemberRecord, Roster } from './roster.js'

/** The gauges of a member that is late for this long are out of date, and are hidden. */
const STALE_GAUGES_MS = 60_000

interface Round {
  readonly open: Set<MemberRecord>
  readonly done: Promise<void>
  readonly finish: () => void
}

/** Requests changed rows from members. Later requests do not wait for a member that is late, until it has sent its reply. */
export class ChangeRequests {
  readonly #roster: Roster
  readonly #clock: Clock
  #round: Round | undefined
  #number = 0

  constructor(roster: Roster, clock: Clock) {
    this.#roster = roster
    this.#clock = clock
  }

  /** Resolves when all live members have replied, or after `waitMs`. Concurrent calls share one round, which may last longer. */
  request(waitMs: number): Promise<unknown> {
    if (this.#round !== undefined) return withTimeout(this.#round.done, { timeoutMs: waitMs, clock: this.#clock, keepAlive: true })
    const open = this.#roster.all().filter((record) => record.openRequest === 0)
    return open.length === 0 ? Promise.resolve() : this.#begin(new Set(open), waitMs)
  }

  #begin(open: Set<MemberRecord>, waitMs: number): Promise<void> {
    const number = ++this.#number
    let resolve: () => void = () => {}
    const done = new Promise<void>((settle) => {
      resolve = settle
    })
    const stop = startTimer(this.#clock, waitMs, () => this.#round === round && this.#timeOut(round), { keepAlive: true })
    const finish = (): void => {
      stop()
      this.#round = undefined
      resolve()
    }
    const round: Round = { open, done, finish }
    this.#round = round
    const frame = controlFrame('REQUEST_CHANGES', { number, waitMs: Math.ceil(waitMs) })
    for (const record of open) {
      record.openRequest = number
      record.channel.send(frame)
    }
    return done
  }

  #timeOut(round: Round): void {
    const nowMs = this.#clock.monotonicMs()
    for (const record of round.open) {
      countRequest('late')
      record.lateSinceMs ??= nowMs
    }
    round.finish()
  }

  /** Call when a member has sent END, after all rows of its reply. */
  replied(record: MemberRecord, number: number): void {
    record.lastReceivedMs = this.#clock.monotonicMs()
    if (number === 0 || record.openRequest !== number) return
    record.openRequest = 0
    record.lateSinceMs = undefined
    countRequest('answered')
    if (record.areGaugesHidden) {
      record.areGaugesHidden = false
      record.contributor.showGauges(true)
    }
    this.removeMember(record)
  }

  /** Stops waiting for this member in the current round. */
  removeMember(record: MemberRecord): void {
    const round = this.#round
    if (round !== undefined && round.open.delete(record) && round.open.size === 0) round.finish()
  }

  hideStaleGauges(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const record of this.#roster.all()) {
      if (record.areGaugesHidden || record.lateSinceMs === undefined || nowMs - record.lateSinceMs < STALE_GAUGES_MS) continue
      record.areGaugesHidden = true
      record.contributor.showGauges(false)
    }
  }
}
