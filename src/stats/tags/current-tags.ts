import { currentFrame, runInFrame } from '../../base/context.js'
import { TagMap } from './tag-map.js'

/** Runs `fn`, and everything it awaits, with `tags` as the current ones; they replace those that were current. */
export function withTags<R>(tags: TagMap, fn: () => R): R {
  const frame = currentFrame()
  return frame.tags === tags ? fn() : runInFrame({ ...frame, tags }, fn)
}

/** The tags of this async context; `currentTags().with({ … })` adds to them. */
export function currentTags(): TagMap {
  return (currentFrame().tags as TagMap | undefined) ?? TagMap.EMPTY
}
