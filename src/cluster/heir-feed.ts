import type { ChangeReader } from './data/contributor.js'
import type { GroupData, MergedData } from './group-data.js'
import { controlFrame } from './net/control-frames.js'
import type { MemberRecord, Roster } from './roster.js'

/** Waits at most so long for a heir that takes nothing, before another one is chosen. */
const MAX_BUSY_FEEDS = 3

/**
 * Sends one other member, the heir, what nobody else has: the rows of the keeper itself and the account of the departed. If the
 * keeper is killed, nothing that was shown is lost.
 */
export class HeirFeed {
  readonly #keeperId: string
  readonly #term: string
  readonly #roster: Roster
  readonly #restartOwnRows: () => void
  readonly #account: ChangeReader
  #heir: MemberRecord | undefined
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
    this.#account.restart()
    this.#restartOwnRows()
    void this.feed()
  }

  /** Passes on a frame of the keeper's own rows. */
  pass(frame: Uint8Array): void {
    this.#send('keeper', frame)
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
      this.#send('departed', frame)
    }
  }

  flushSync(): void {
    if (this.#heir === undefined) return
    for (const frame of this.#account.framesNow()) this.#send('departed', frame)
  }

  gone(record: MemberRecord): void {
    if (this.#heir !== record) return
    this.#heir = undefined
  }

  /** Each frame says whose it is: other rows go over the same channel in between. */
  #send(of: 'keeper' | 'departed', frame: Uint8Array): void {
    const channel = this.#heir?.channel
    channel?.send(controlFrame('ORIGIN', { of, keeperId: this.#keeperId, term: this.#term }))
    channel?.send(frame)
  }
}
