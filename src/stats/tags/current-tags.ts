import { currentFrame, runInFrame } from '../../base/context.js'
import { TagMap, type Tags } from './tag-map.js'

/**
 * Runs `fn`, and everything it awaits, with these tags added to the current ones; a tag given again wins.
 * @example
 * await withTags({ tenant: 'acme' }, () => handle(request))
 */
export function withTags<R>(tags: Tags | TagMap, fn: () => R): R {
  const { tags: current, scope } = currentFrame()
  const all = TagMap.merge(current as TagMap | undefined, tags)
  if (scope !== undefined) scope.tags = TagMap.merge(scope.tags as TagMap | undefined, all)
  return runWithTags(all, fn)
}

/** The same with these tags alone: none of the current ones is seen within. */
export function withOnlyTags<R>(tags: Tags | TagMap, fn: () => R): R {
  const only = TagMap.merge(undefined, tags)
  const { scope } = currentFrame()
  if (scope !== undefined) scope.tags = only
  return runWithTags(only, fn)
}

function runWithTags<R>(tags: TagMap, fn: () => R): R {
  const frame = currentFrame()
  return frame.tags === tags ? fn() : runInFrame({ ...frame, tags }, fn)
}

/** The tags of this async context; `currentTags().with({ … })` adds to them. */
export function currentTags(): TagMap {
  return (currentFrame().tags as TagMap | undefined) ?? TagMap.EMPTY
}
