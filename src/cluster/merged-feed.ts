import { getOrInsert } from '../base/get-or-insert.js'
import { errorText } from '../base/rate-limited-log.js'
import { TallyscopeError } from '../base/errors.js'
import type { ChangeReader } from './frames/contributor.js'
import { overLimit } from './frames/frame-error.js'
import { keeperOrigin } from './keeper-replica.js'
import type { GroupData, MergedData } from './group-data.js'
import type { Channel } from './net/channel.js'
import { controlFrame, type ControlMessages } from './net/control-frames.js'

/** A member sends one request at a time. */
const MAX_REQUESTS = 16

/** Sends merged rows to members that serve the page: to each the changes since its last request. */
export class MergedFeed {
  readonly #keeperId: string
  readonly #term: string
  readonly #data: GroupData
  readonly #merged: MergedData
  readonly #readers = new Map<Channel, { reader: ChangeReader; last: Promise<void>; requests: number }>()

  constructor(keeperId: string, term: string, data: GroupData, merged: MergedData) {
    this.#keeperId = keeperId
    this.#term = term
    this.#data = data
    this.#merged = merged
  }

  /**
   * Replies to a request for merged rows. Requests of one member are handled one after the other.
   * @throws {@link FrameError} `ERR_GROUP_LIMIT` if too many of them wait.
   */
  send(channel: Channel, request: ControlMessages['REQUEST_MERGED'], gather: (waitMs: number) => Promise<void>): Promise<void> {
    const feed = getOrInsert(this.#readers, channel, () => {
      const producer = { name: 'group', getMetrics: () => [], getFamilies: () => this.#merged.families() }
      return { reader: this.#data.changes([producer]), last: Promise.resolve(), requests: 0 }
    })
    const { reader, last } = feed
    if (feed.requests >= MAX_REQUESTS) throw overLimit(`a member may have ${MAX_REQUESTS} requests without a reply`)
    feed.requests++
    feed.last = last.then(() => this.#reply(channel, request, reader, gather)).finally(() => void feed.requests--)
    return feed.last
  }

  forget(channel: Channel): void {
    this.#readers.delete(channel)
  }

  async #reply(
    channel: Channel,
    { number, waitMs, isFresh }: ControlMessages['REQUEST_MERGED'],
    reader: ChangeReader,
    gather: (waitMs: number) => Promise<void>,
  ): Promise<void> {
    try {
      await gather(waitMs)
      if (isFresh) reader.restart()
      await reader.sendTo((frame) => {
        // Each frame needs its origin, because frames for the standby may be sent over the same channel in between.
        channel.send(controlFrame('ORIGIN', keeperOrigin('merged', this.#keeperId, this.#term)))
        channel.send(frame)
        return !channel.isBusy || channel.drained().then(() => true)
      })
      channel.send(controlFrame('END', { number }))
    } catch (error) {
      reader.restart()
      const code = TallyscopeError.is(error) ? error.code : 'ERR_GROUP_INCOMPLETE'
      channel.send(controlFrame('FAILED', { number, code, message: errorText(error) }))
    }
  }
}
