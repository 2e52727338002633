import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import type { Departures } from './departures.js'
import { type ControlMessages, PROTOCOL } from './net/control-frames.js'
import type { Roster } from './roster.js'

const BAN_MS = 60_000
const MAX_BANS = 1_000
/** Connections beside two for each member: a process can connect and never send HELLO. */
const MAX_OTHERS = 64

/** Decides which members the keeper accepts. */
export class Admission {
  readonly #maxMembers: number
  readonly #roster: Roster
  readonly #departures: Departures
  readonly #clock: Clock
  readonly #bans = new Set<string>()

  constructor(maxMembers: number, roster: Roster, departures: Departures, clock: Clock) {
    this.#maxMembers = maxMembers
    this.#roster = roster
    this.#departures = departures
    this.#clock = clock
  }

  /** Refuses this member for a minute, because its frames were malformed or over a limit. */
  ban(id: string): void {
    if (this.#bans.size >= MAX_BANS) return
    this.#bans.add(id)
    startTimer(this.#clock, BAN_MS, () => void this.#bans.delete(id))
  }

  /** How long this member will be refused, in milliseconds. */
  refusedMs(id: string): number {
    return this.#bans.has(id) ? BAN_MS : 0
  }

  /** @param connections All open connections, also those without HELLO. */
  hasRoom(connections: number): boolean {
    return connections < 2 * this.#maxMembers + MAX_OTHERS
  }

  /** The reason to refuse this member; undefined if it is accepted. */
  refusal({ protocol, id }: ControlMessages['HELLO']): ControlMessages['REFUSED'] | undefined {
    if (protocol !== PROTOCOL) {
      const message = `the member has protocol version ${protocol}, the keeper has ${PROTOCOL}`
      return { reason: 'protocol', message, isFinal: false } // during a deployment the keeper is a new one soon
    }
    if (this.#bans.has(id))
      return { reason: 'banned', message: 'this member sent malformed frames, or more than its limit', isFinal: false }
    if (this.#departures.hasDeparted(id)) {
      return { reason: 'departed', message: 'the totals of this member have been added to those of the departed', isFinal: true }
    }
    if (this.#roster.get(id) === undefined && this.#roster.size >= this.#maxMembers) {
      return { reason: 'members', message: `the group has ${this.#roster.size} members, which is its limit`, isFinal: false }
    }
    return undefined
  }
}
