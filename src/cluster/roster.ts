import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import type { Contributor } from './frames/contributor.js'
import type { Channel } from './net/channel.js'
import { controlFrame, type ControlMessages, type RosterEntry } from './net/control-frames.js'

const ROSTER_DELAY_MS = 100

/** A member as the keeper knows it. */
export interface MemberRecord {
  readonly id: string
  readonly pid: number
  readonly threadId: number
  readonly canLead: boolean
  readonly isKeeper: boolean
  readonly slot: number
  readonly channel: Channel
  readonly contributor: Contributor
  /** When it last sent something. */
  lastReceivedMs: number
  /** The number of the request that it has not replied to; 0 if there is none. */
  openRequest: number
  /** When it became late; undefined if it is not. */
  lateSinceMs: number | undefined
  areGaugesHidden: boolean
}

type Place = Pick<MemberRecord, 'slot' | 'contributor' | 'channel' | 'isKeeper'>

export function newRecord({ id, pid, threadId, canLead }: ControlMessages['HELLO'], place: Place, lastReceivedMs: number): MemberRecord {
  return { id, pid, threadId, canLead, ...place, lastReceivedMs, openRequest: 0, lateSinceMs: undefined, areGaugesHidden: false }
}

/** A connection. It has a member once HELLO has arrived. */
export interface Session {
  readonly channel: Channel
  record: MemberRecord | undefined
  origin: ControlMessages['ORIGIN']
  receivedBytes: number
  isOver: boolean
  stopTimer: () => void
}

/** The members that are connected to the keeper, in the order of their slots. */
export class Roster {
  readonly #records = new Map<string, MemberRecord>()

  get size(): number {
    return this.#records.size
  }

  get(id: string): MemberRecord | undefined {
    return this.#records.get(id)
  }

  all(): MemberRecord[] {
    return [...this.#records.values()].sort((a, b) => a.slot - b.slot)
  }

  add(record: MemberRecord): void {
    this.#records.set(record.id, record)
  }

  /** Removes this record, unless a newer connection of the same member has replaced it. */
  remove(record: MemberRecord): boolean {
    if (this.#records.get(record.id) !== record) return false
    return this.#records.delete(record.id)
  }

  /**
   * Returns the preferred slot if it is free, otherwise the smallest free one, so that restarts make no new series. Members keep their slots
   * when the keeper changes, in any order of rejoining: otherwise totals with the label `member` would fall.
   * @param end Greater than each slot that may be preferred.
   */
  freeSlot(preferred: number, end: number, reserved: readonly number[]): number {
    const taken = new Set([...reserved, ...[...this.#records.values()].map(({ slot }) => slot)])
    if (preferred >= 0 && preferred < end && !taken.has(preferred)) return preferred
    let slot = 0
    while (taken.has(slot)) slot++
    return slot
  }

  entries(): RosterEntry[] {
    return this.all().map(({ id, slot, pid, threadId, isKeeper, lateSinceMs }) => {
      return { id, slot, pid, threadId, isKeeper, state: lateSinceMs === undefined ? 'live' : 'late' }
    })
  }
}

/** Sends the roster to all members. After the end of the keeper, the next one waits for these members. */
export class RosterFeed {
  readonly #roster: Roster
  readonly #clock: Clock
  readonly #onDue: () => void
  /** Channels of members that read nothing at the moment, such as stopped ones. They receive only the newest roster later. */
  readonly #waiting = new Set<Channel>()
  #stopTimer: (() => void) | undefined
  #isOver = false

  /** @param onDue Called a moment after the roster has changed, before it is sent. */
  constructor(roster: Roster, clock: Clock, onDue: () => void) {
    this.#roster = roster
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Sends the roster a moment later, because many members may join or leave at once. */
  changed(): void {
    if (this.#stopTimer !== undefined || this.#isOver) return
    this.#stopTimer = startTimer(this.#clock, Math.max(ROSTER_DELAY_MS, 4 * this.#roster.size), () => {
      this.#stopTimer = undefined
      this.#onDue()
      this.send()
    })
  }

  send(): void {
    const frame = this.#frame()
    for (const { channel } of this.#roster.all()) {
      if (channel.isBusy) this.#sendLater(channel)
      else channel.send(frame)
    }
  }

  stop(): void {
    this.#stopTimer?.()
    this.#isOver = true
  }

  #sendLater(channel: Channel): void {
    if (this.#waiting.has(channel)) return
    this.#waiting.add(channel)
    void channel.drained().then(() => {
      this.#waiting.delete(channel)
      channel.send(this.#frame())
    })
  }

  #frame(): Uint8Array {
    return controlFrame('ROSTER', { members: this.#roster.entries() })
  }
}
