import type { ChangeReader } from './frames/contributor.js'
import { FRAME, kindOf } from './frames/frame-writer.js'
import { keeperOrigin } from './keeper-replica.js'
import type { GroupData, MergedData } from './group-data.js'
import { incomplete } from './group-error.js'
import { controlFrame, type ControlMessages } from './net/control-frames.js'
import type { MemberRecord, Roster } from './roster.js'

/** Another standby is chosen if the channel of this one is busy in more rounds. */
const MAX_BUSY_ROUNDS = 3
/** Each request of a gathering sends the rows of this process to the standby that has just been chosen, because the former one has ended. */
const MAX_REQUESTS = 2

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

  /**
   * Resolves when the standby has the totals that this process may show: if it were killed, they would fall otherwise.
   * @param request Requests changes from all members, those of this process included.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE`
   */
  async untilComplete(request: () => Promise<unknown>): Promise<void> {
    for (let requests = 0; !(await this.#completed()); requests++) {
      if (requests === MAX_REQUESTS) throw incomplete('its standby has not received all rows of the keeper yet')
      await request()
    }
  }

  async #completed(): Promise<boolean> {
    if (!this.#isComplete()) return false
    await this.replicate()
    return this.#isComplete()
  }

  /** Returns false if a new standby has to receive the rows of this process. A thread that is late is not waited for. */
  #isComplete(): boolean {
    this.chooseStandby()
    const isMissing = ({ id, isKeeper, lateSinceMs }: MemberRecord): boolean =>
      (isKeeper || lateSinceMs === undefined) && !this.#complete.has(id)
    return this.#standby === undefined || !this.#own().some(isMissing)
  }

  /**
   * Chooses the live member with the lowest slot, which stays the standby until its connection ends. If all members are late, one of them
   * is chosen, because their replies may have arrived while the event loop of this process was blocked. The members of this process send
   * all rows again.
   */
  chooseStandby(): void {
    if (this.#standby !== undefined) return
    const others = this.#roster.all().filter(({ isKeeper, canLead }) => !isKeeper && canLead)
    const standby = others.find(({ lateSinceMs }) => lateSinceMs === undefined) ?? others.find(({ channel }) => !channel.isBusy)
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
    this.chooseStandby()
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
