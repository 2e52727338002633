import type { ServerResponse } from 'node:http'
import { currentFrame, EMPTY_FRAME, type Frame, type TagScope } from '../base/context.js'
import { TagMap } from '../stats/tags/tag-map.js'

/**
 * The context tags of what a server records when a response closes. The event of the close comes in the context of the connection, or of
 * whatever wrote last: with pipelining that is another request.
 *
 * The tags count that are current when the head of the response is written, if that is done in the request's own context. Those that
 * `withTags` set before, in a function that has returned since, count too unless the head's have the same key.
 */
export class ExchangeTags implements TagScope {
  /** What the request began with and what `withTags` has set since. */
  tags: TagMap | undefined
  #atHead: TagMap | undefined = undefined

  constructor(tags: TagMap | undefined, response: ServerResponse) {
    this.tags = tags
    const { writeHead } = response as { writeHead: (this: ServerResponse, ...head: unknown[]) => ServerResponse }
    const noteTags = (): void => {
      const frame = currentFrame()
      if (frame.scope === this) this.#atHead = frame.tags as TagMap | undefined
    }
    // All responses go through this method: Node calls it for a head that is not written by hand.
    response.writeHead = function (this: ServerResponse, ...head: unknown[]) {
      noteTags()
      return writeHead.apply(this, head)
    } as ServerResponse['writeHead']
  }

  /** The context to record in. */
  frame(): Frame {
    const tags = this.#atHead === undefined ? this.tags : TagMap.merge(this.tags, this.#atHead)
    return { ...EMPTY_FRAME, tags }
  }
}
