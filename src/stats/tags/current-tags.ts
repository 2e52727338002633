import { currentFrame, runInFrame } from '../../base/context.js'
import { TagMap, type Tags } from './tag-map.js'

/**
 * Runs `fn`, and everything it awaits, with these tags added to the current ones; a tag given again wins.
 * @example
 * await withTags({ tenant: 'acme' }, () => handle(request))
 */
export function withTags<R>(tags: Tags | TagMap, fn: () => R): R {
  return runWithTags(TagMap.merge(currentFrame().tags as TagMap | undefined, tags), fn)
}

/** The same with these tags alone: none of the current ones is seen within. */
export function withOnlyTags<R>(tags: Tags | TagMap, fn: () => R): R {
  return runWithTags(TagMap.merge(undefined, tags), fn)
}

function runWithTags<R>(tags: TagMap, fn: () => R): R {
  const frame = currentFrame()
  return frame.tags === tags ? fn() : runInFrame({ ...frame, tags }, fn)
}

/** The tags of this async context; `currentTags().with({ … })` adds to them. */
export function currentTags(): TagMap {
  return (currentFrame().tags as TagMap | undefined) ?? TagMap.EMPTY
}
