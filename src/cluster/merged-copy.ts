import { startTimer } from '../base/timer.js'
import type { Family } from '../metrics/data/row-source.js'
import type { Contributor } from './frames/contributor.js'
import { FRAME, kindOf } from './frames/frame-writer.js'
import type { GroupData, MergedData } from './group-data.js'
import { incomplete } from './group-error.js'
import type { Channel } from './net/channel.js'
import { controlFrame } from './net/control-frames.js'

const IDLE_MS = 300_000
/** The share of the time in which the keeper may wait for other members, so that its reply arrives in time. */
const SHARE_FOR_MEMBERS = 0.7

interface Copy {
  readonly rows: MergedData
  readonly contributor: Contributor
  usedMs: number
  /** True since RESTART. Frames before it belong to the reply to an earlier request, which has failed. */
  hasBegun: boolean
}

interface PendingRequest {
  readonly number: number
  readonly settle: (error?: Error) => void
  /** Restarts the time-out when the keeper has sent something. */
  readonly progress: () => void
}

/** A member's copy of the merged rows, for the pages that it serves. The keeper sends the changes since the last request. */
export class MergedCopy {
  readonly #id: string
  readonly #data: GroupData
  #copy: Copy | undefined
  #pending: PendingRequest | undefined
  #number = 0
  readonly #next: (() => void)[] = []

  constructor(id: string, data: GroupData) {
    this.#id = id
    this.#data = data
  }

  /**
   * @param waitMs Longest time without a frame of the keeper.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE`, also if `channel` throws.
   */
  async families(waitMs: number, timeoutMs: number, channel: () => Channel): Promise<readonly Family[]> {
    while (this.#pending !== undefined) await new Promise<void>((resolve) => void this.#next.push(resolve))
    const keeper = channel()
    const isFresh = this.#copy === undefined
    const copy = (this.#copy ??= this.#make())
    copy.usedMs = this.#data.clock.monotonicMs()
    await this.#request(keeper, isFresh, waitMs, timeoutMs)
    return copy.rows.families()
  }

  apply(frame: Uint8Array): void {
    if (this.#copy === undefined) return
    this.#copy.hasBegun ||= kindOf(frame) === FRAME.RESTART
    if (this.#copy.hasBegun) this.#copy.contributor.apply(frame)
  }

  progress(): void {
    this.#pending?.progress()
  }

  /** Call when the reply to this request is complete, or the request has failed. */
  settle(number: number, error?: Error): void {
    if (this.#pending?.number === number) this.#pending.settle(error)
  }

  drop(error: Error): void {
    this.#copy = undefined
    this.#pending?.settle(error)
  }

  dropIfIdle(): void {
    if (this.#copy !== undefined && this.#data.clock.monotonicMs() - this.#copy.usedMs > IDLE_MS) this.#copy = undefined
  }

  #make(): Copy {
    const rows = this.#data.mirror()
    return { rows, contributor: rows.contributor(this.#id, 0), usedMs: 0, hasBegun: false }
  }

  #request(keeper: Channel, isFresh: boolean, waitMs: number, timeoutMs: number): Promise<void> {
    const { clock } = this.#data
    const endsMs = clock.monotonicMs() + timeoutMs
    return new Promise<void>((resolve, reject) => {
      let stop: () => void = () => {}
      const settle = (error?: Error): void => {
        stop()
        this.#pending = undefined
        if (error === undefined) {
          resolve()
        } else {
          this.#copy = undefined // only a part of the changes may have been applied
          reject(error)
        }
        for (const wake of this.#next.splice(0)) wake() // the first of them requests, unless there is no keeper
      }
      const progress = (): void => {
        stop()
        const leftMs = Math.max(1, Math.min(waitMs, endsMs - clock.monotonicMs()))
        stop = startTimer(clock, leftMs, () => settle(incomplete('its keeper did not reply in time')), { keepAlive: true })
      }
      const number = ++this.#number
      this.#pending = { number, settle, progress }
      progress()
      keeper.send(controlFrame('REQUEST_MERGED', { number, waitMs: Math.ceil(waitMs * SHARE_FOR_MEMBERS), isFresh }))
    })
  }
}
