import type { ChangeReader } from './data/contributor.js'
import { FRAME, kindOf } from './data/frame-writer.js'
import { keeperOrigin } from './keeper-replica.js'
import type { GroupData, MergedData } from './group-data.js'
import { controlFrame, type ControlMessages } from './net/control-frames.js'
import type { MemberRecord, Roster } from './roster.js'

/** Waits at most so long for a heir that takes nothing, before another one is chosen. */
const MAX_BUSY_FEEDS = 3

/**
 * Sends one other member, the heir, what would end with the process of the keeper: the rows of the keeper itself and of its threads,
 * and the account of the departed. If the keeper is killed, nothing that was shown is lost.
 */
export class HeirFeed {
  readonly #keeperId: string
  readonly #term: string
  readonly #roster: Roster
  readonly #restartOwnRows: () => void
  readonly #account: ChangeReader
  #heir: MemberRecord | undefined
  /** Members of this process whose rows the heir gets. */
  readonly #passed = new Set<string>()
  #feeding: Promise<void> | undefined
  #busyFeeds = 0

  constructor(keeperId: string, term: string, roster: Roster, data: GroupData, merged: MergedData, restartOwnRows: () => void) {
    this.#keeperId = keeperId
    this.#term = term
    this.#roster = roster
    this.#restartOwnRows = restartOwnRows
    const name = 'departed'
    this.#account = data.changes([{ name, getMetrics: () => [], getFamilies: () => merged.departed() }])
  }

  get heir(): MemberRecord | undefined {
    return this.#heir
  }

  /** The live member of the lowest slot, and then the same one until it goes. */
  choose(): void {
    if (this.#heir !== undefined) return
    const heir = this.#roster.all().find(({ isKeeper, canLead, lateSinceMs }) => !isKeeper && canLead && lateSinceMs === undefined)
    if (heir === undefined) return
    this.#heir = heir
    this.#busyFeeds = 0
    this.#passed.clear()
    this.#account.restart()
    this.#restartOwnRows()
    for (const record of this.#roster.all()) if (isOwnThread(record)) record.channel.send(controlFrame('AGAIN', {}))
    void this.feed()
  }

  /** Passes on a frame of a member that is part of this process; of each from its next beginning on. */
  pass(record: MemberRecord, frame: Uint8Array): void {
    if (this.#heir === undefined || !(record.isKeeper || isOwnThread(record))) return
    if (kindOf(frame) === FRAME.RESTART) this.#passed.add(record.id)
    if (!this.#passed.has(record.id)) return
    const { id, slot } = record
    this.#send({ ...keeperOrigin('keeper', this.#keeperId, this.#term), id, slot }, frame)
  }

  /** The totals of this member have become part of the account. */
  folded(id: string): void {
    const wasPassed = this.#passed.delete(id)
    if (!wasPassed || this.#heir === undefined) return void this.feed()
    this.flushSync() // at once, so that the heir never counts it twice or not at all
    this.#heir.channel.send(controlFrame('FOLDED', { term: this.#term, id }))
  }

  /** Sends what has changed in the account. Resolves when the heir has taken enough, or is too slow for it. */
  feed(): Promise<void> {
    this.#feeding ??= this.#feed().finally(() => {
      this.#feeding = undefined
    })
    return this.#feeding
  }

  async #feed(): Promise<void> {
    this.choose()
    const heir = this.#heir
    if (heir === undefined) return
    if (heir.channel.isBusy && ++this.#busyFeeds > MAX_BUSY_FEEDS) {
      this.gone(heir)
      return
    }
    for await (const frame of this.#account.frames()) {
      if (this.#heir !== heir) return
      this.#sendAccount(frame)
    }
  }

  flushSync(): void {
    if (this.#heir === undefined) return
    for (const frame of this.#account.framesNow()) this.#sendAccount(frame)
  }

  gone(record: MemberRecord): void {
    if (this.#heir !== record) return
    this.#heir = undefined
  }

  #sendAccount(frame: Uint8Array): void {
    this.#send(keeperOrigin('departed', this.#keeperId, this.#term), frame)
  }

  /** Each frame says whose it is: other rows go over the same channel in between. */
  #send(origin: ControlMessages['ORIGIN'], frame: Uint8Array): void {
    const channel = this.#heir?.channel
    channel?.send(controlFrame('ORIGIN', origin))
    channel?.send(frame)
  }
}

/** It ends with this process. */
function isOwnThread({ pid, threadId }: MemberRecord): boolean {
  return pid === process.pid && threadId !== 0
}
