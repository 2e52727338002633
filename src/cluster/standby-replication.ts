import type { ChangeReader } from './data/contributor.js'
import { FRAME, kindOf } from './data/frame-writer.js'
import { keeperOrigin } from './keeper-replica.js'
import type { GroupData, MergedData } from './group-data.js'
import { controlFrame, type ControlMessages } from './net/control-frames.js'
import type { MemberRecord, Roster } from './roster.js'

/** Another standby is chosen if the channel of this one is busy in more rounds. */
const MAX_BUSY_ROUNDS = 3

/**
 * Replicates the rows that only the process of the keeper has to one other member, the standby: those of the keeper itself and of its
 * threads, and the totals of departed members. If the keeper is killed, no total that a page has shown is lost.
 */
export class StandbyReplication {
  readonly #keeperId: string
  readonly #term: string
  readonly #roster: Roster
  readonly #restartOwnRows: () => void
  readonly #departed: ChangeReader
  #standby: MemberRecord | undefined
  /** The standby that `#departed` sends to. */
  #departedFor: MemberRecord | undefined
  /** Ids of members in this process whose rows are forwarded to the standby. */
  readonly #forwarded = new Set<string>()
  /** Those of them whose rows have all been forwarded. */
  readonly #complete = new Set<string>()
  #replicating: Promise<void> | undefined
  #busyRounds = 0

  constructor(keeperId: string, term: string, roster: Roster, data: GroupData, merged: MergedData, restartOwnRows: () => void) {
    this.#keeperId = keeperId
    this.#term = term
    this.#roster = roster
    this.#restartOwnRows = restartOwnRows
    const name = 'departed'
    this.#departed = data.changes([{ name, getMetrics: () => [], getFamilies: () => merged.departed() }])
  }

  /** False if a new standby has to receive the rows of this process first. Request them then. */
  get isComplete(): boolean {
    this.#chooseStandby()
    return this.#standby === undefined || this.#own().every(({ id, lateSinceMs }) => lateSinceMs !== undefined || this.#complete.has(id))
  }

  /** Chooses the live member with the lowest slot, which stays the standby until its connection ends. */
  #chooseStandby(): void {
    if (this.#standby !== undefined) return
    const standby = this.#roster.all().find(({ isKeeper, canLead, lateSinceMs }) => !isKeeper && canLead && lateSinceMs === undefined)
    if (standby === undefined) return
    this.#standby = standby
    this.#busyRounds = 0
    this.#forwarded.clear()
    this.#complete.clear()
    this.#restartOwnRows()
    for (const { channel, isKeeper } of this.#own()) if (!isKeeper) channel.send(controlFrame('RESEND', {}))
  }

  /** The members in this process: the keeper and its threads. */
  #own(): MemberRecord[] {
    return this.#roster.all().filter(isOwn)
  }

  /** Forwards a frame of a member in this process. Forwarding begins with the member's next RESTART. */
  forward(record: MemberRecord, frame: Uint8Array): void {
    if (this.#standby === undefined || !isOwn(record)) return
    if (kindOf(frame) === FRAME.RESTART) this.#forwarded.add(record.id)
    if (!this.#forwarded.has(record.id)) return
    const { id, slot } = record
    if (kindOf(frame) === FRAME.COMPLETE) this.#complete.add(id)
    this.#send({ ...keeperOrigin('keeper', this.#keeperId, this.#term), id, slot }, frame)
  }

  /** Call when the totals of this member have been added to those of departed members. */
  memberDeparted(id: string): void {
    const wasForwarded = this.#forwarded.delete(id)
    if (!wasForwarded || this.#standby === undefined) return void this.replicate()
    this.flushSync() // before DEPARTED, so that the standby counts the member exactly once
    this.#standby.channel.send(controlFrame('DEPARTED', { term: this.#term, id }))
  }

  /**
   * Chooses a standby if there is none, and sends it the changed totals of departed members. Resolves when they have been sent, or if the
   * standby is too slow.
   */
  replicate(): Promise<void> {
    this.#replicating ??= this.#replicate().finally(() => {
      this.#replicating = undefined
    })
    return this.#replicating
  }

  async #replicate(): Promise<void> {
    this.#chooseStandby()
    const standby = this.#standby
    if (standby === undefined) return
    if (standby.channel.isBusy && ++this.#busyRounds > MAX_BUSY_ROUNDS) {
      return this.removeMember(standby)
    }
    this.#restartIfNew(standby)
    await this.#departed.sendTo((frame) => this.#standby === standby && this.#sendDeparted(frame))
    if (this.#standby !== standby) await this.#replicate()
  }

  #restartIfNew(standby: MemberRecord): void {
    if (this.#departedFor === standby) return
    this.#departedFor = standby
    this.#departed.restart()
  }

  flushSync(): void {
    if (this.#standby === undefined) return
    this.#restartIfNew(this.#standby)
    for (const frame of this.#departed.framesNow()) this.#sendDeparted(frame)
  }

  removeMember(record: MemberRecord): void {
    if (this.#standby === record) this.#standby = undefined
  }

  #sendDeparted(frame: Uint8Array): true {
    this.#send(keeperOrigin('departed', this.#keeperId, this.#term), frame)
    return true
  }

  /** Sends a frame with its origin, because other rows may be sent over the same channel in between. */
  #send(origin: ControlMessages['ORIGIN'], frame: Uint8Array): void {
    const channel = this.#standby?.channel
    channel?.send(controlFrame('ORIGIN', origin))
    channel?.send(frame)
  }
}

/** True for the keeper and for a worker thread of its process, which ends with it. */
function isOwn({ isKeeper, pid, threadId }: MemberRecord): boolean {
  return isKeeper || (pid === process.pid && threadId !== 0)
}
