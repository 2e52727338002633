import type { ServerResponse } from 'node:http'
import { currentFrame, EMPTY_FRAME, type Frame, type TagScope } from '../base/context.js'
import { TagMap } from '../stats/tags/tag-map.js'

/**
 * The context tags of the values that a server records when a response closes. The close event has the context of the connection, or of the
 * last writer, which with pipelining is another request.
 *
 * Used are the tags that are current when the head of the response is written in the request's own context, and tags that `withTags` has
 * set before in functions that have returned. If a key is in both, the former take precedence.
 */
export class ExchangeTags implements TagScope {
  /** The tags at the beginning of the request, and those that `withTags` has set since. */
  tags: TagMap | undefined
  #atHead: TagMap | undefined = undefined

  constructor(tags: TagMap | undefined, response: ServerResponse) {
    this.tags = tags
    const { writeHead } = response as { writeHead: (this: ServerResponse, ...head: unknown[]) => ServerResponse }
    const noteTags = (): void => {
      const frame = currentFrame()
      if (frame.scope === this) this.#atHead = frame.tags as TagMap | undefined
    }
    // All responses call this method: Node calls it if the application does not.
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
