import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import { withTimeout } from '../base/with-timeout.js'
import { countRequest } from './group-metrics.js'
import { controlFrame } from './net/control-frames.js'
import type { MemberRecord, Roster } from './roster.js'

/** A member that has not replied after this time is late, however long those that have requested its changes wait. */
const ROUND_MS = 1_000
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

  /** Resolves when all live members have replied, or after `waitMs`. Concurrent calls share one round, which goes on if one of them ends. */
  async request(waitMs: number): Promise<void> {
    const open = this.#round === undefined ? this.#roster.all().filter((record) => record.openRequest === 0) : []
    if (open.length > 0) this.#begin(new Set(open))
    if (this.#round !== undefined) await withTimeout(this.#round.done, { timeoutMs: waitMs, clock: this.#clock, keepAlive: true })
  }

  #begin(open: Set<MemberRecord>): void {
    const number = ++this.#number
    let resolve: () => void = () => {}
    const done = new Promise<void>((settle) => {
      resolve = settle
    })
    const stop = startTimer(this.#clock, ROUND_MS, () => this.#round === round && this.#timeOut(round))
    const finish = (): void => {
      stop()
      this.#round = undefined
      resolve()
    }
    const round: Round = { open, done, finish }
    this.#round = round
    const frame = controlFrame('REQUEST_CHANGES', { number, waitMs: ROUND_MS })
    for (const record of open) {
      record.openRequest = number
      record.channel.send(frame)
    }
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
