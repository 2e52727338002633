import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import { countRequest } from './group-metrics.js'
import { controlFrame } from './net/control-frames.js'
import type { MemberRecord, Roster } from './roster.js'

/** A member that is late for this time has its gauges left out: they are out of date. */
const STALE_GAUGES_MS = 60_000

interface Round {
  readonly open: Set<MemberRecord>
  readonly done: Promise<void>
  readonly finish: () => void
}

/** Requests changed rows from members. A member that did not answer in time is not waited for until it has answered. */
export class ChangeRequests {
  readonly #roster: Roster
  readonly #clock: Clock
  #round: Round | undefined
  #number = 0

  constructor(roster: Roster, clock: Clock) {
    this.#roster = roster
    this.#clock = clock
  }

  /** Resolves when all live members have answered, or after `waitMs`. Calls during a round share it. */
  request(waitMs: number): Promise<void> {
    if (this.#round !== undefined) return this.#round.done
    const open = this.#roster.all().filter((record) => record.openRequest === 0)
    return open.length === 0 ? Promise.resolve() : this.#begin(new Set(open), waitMs)
  }

  #begin(open: Set<MemberRecord>, waitMs: number): Promise<void> {
    const number = ++this.#number
    let resolve: () => void = () => {}
    const done = new Promise<void>((settle) => {
      resolve = settle
    })
    const stop = startTimer(this.#clock, waitMs, () => this.#round === round && this.#giveUp(round), { keepAlive: true })
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

  #giveUp(round: Round): void {
    const nowMs = this.#clock.monotonicMs()
    for (const record of round.open) {
      countRequest('late')
      record.lateSinceMs ??= nowMs
    }
    round.finish()
  }

  /** A member has sent END with this number: its answer is complete. */
  answered(record: MemberRecord, number: number): void {
    record.lastReceivedMs = this.#clock.monotonicMs()
    if (number === 0 || record.openRequest !== number) return
    record.openRequest = 0
    record.lateSinceMs = undefined
    countRequest('answered')
    if (record.areGaugesHidden) {
      record.areGaugesHidden = false
      record.contributor.setLate(false)
    }
    this.#closeFor(record)
  }

  removeMember(record: MemberRecord): void {
    this.#closeFor(record)
  }

  hideStaleGauges(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const record of this.#roster.all()) {
      if (record.areGaugesHidden || record.lateSinceMs === undefined || nowMs - record.lateSinceMs < STALE_GAUGES_MS) continue
      record.areGaugesHidden = true
      record.contributor.setLate(true)
    }
  }

  #closeFor(record: MemberRecord): void {
    const round = this.#round
    if (round !== undefined && round.open.delete(record) && round.open.size === 0) round.finish()
  }
}
