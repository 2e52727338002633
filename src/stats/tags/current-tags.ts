import { checkFunction } from '../../base/check-options.js'
import { currentFrame, type Frame, runInFrameWith } from '../../base/context.js'
import { TagMap, type Tags } from './tag-map.js'

/**
 * Runs `fn`, and everything it awaits, with these tags added to the current ones. They replace current tags with the same key.
 * @throws {@link DefinitionError} `ERR_FUNCTION` if `fn` is not a function.
 * @example
 * await withTags({ tenant: 'acme' }, () => handle(request))
 */
export function withTags<R>(tags: Tags | TagMap, fn: () => R): R {
  const before = currentFrame()
  const all = TagMap.merge(before.tags as TagMap | undefined, tags)
  if (before.scope !== undefined) before.scope.tags = TagMap.merge(before.scope.tags as TagMap | undefined, all)
  return runWithTags(all, before, fn)
}

/**
 * Runs `fn`, and everything it awaits, with only these tags instead of the current ones.
 * @throws {@link DefinitionError} `ERR_FUNCTION` if `fn` is not a function.
 * @example
 * withOnlyTags({ job: 'nightly' }, () => stats.record(orders, 1)) // no tag of the request that started the job
 */
export function withOnlyTags<R>(tags: Tags | TagMap, fn: () => R): R {
  const before = currentFrame()
  const only = TagMap.merge(undefined, tags)
  if (before.scope !== undefined) before.scope.tags = only
  return runWithTags(only, before, fn)
}

function runWithTags<R>(tags: TagMap, before: Frame, fn: () => R): R {
  checkFunction('the last argument of withTags and withOnlyTags', fn)
  if (before.tags === tags) return fn()
  const { span, spans, baggage, suppressed, scope } = before // a spread would take three times as long
  return runInFrameWith({ tags, span, spans, baggage, suppressed, scope }, before, call, fn, undefined)
}

const call = <R>(fn: () => R): R => fn()

/**
 * Returns the tags of this async context. `currentTags().with({ … })` adds to them.
 * @example
 * stats.record(orders, 1, currentTags().with({ paid: true }))
 */
export function currentTags(): TagMap {
  return (currentFrame().tags as TagMap | undefined) ?? TagMap.EMPTY
}
