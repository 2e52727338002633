import { warnOnce } from '../../base/logger.js'
import { allTags } from './all-tags.js'

/** Any object whose own properties are read as labels. */
export type Labels = { readonly [key: string]: unknown }

const SHARED = Symbol.for('tallyscope.TagMap')

interface TagMapLike {
  /** The tags, as an object of strings. */
  readonly values: Labels
}

/**
 * Base class of TagMap, one for all copies of this package in the process, so that `instanceof` recognizes all tag maps. A look-up of a
 * symbol would take 20 ns per record in programs whose tags have many shapes.
 */
export const SharedTagMap: abstract new () => TagMapLike = sharedClass()

function sharedClass(): abstract new () => TagMapLike {
  class SharedTagMap {}
  try {
    const holder = globalThis as { [SHARED]?: abstract new () => TagMapLike }
    if (holder[SHARED] === undefined) Object.defineProperty(holder, SHARED, { value: SharedTagMap })
    const found = holder[SHARED]!
    Reflect.construct(Object, [], found) // throws unless it is a class
    return found
  } catch {
    const message = `the global Symbol.for('tallyscope.TagMap') does not belong to tallyscope: tag maps of other copies are not recognized`
    warnOnce('TALLYSCOPE_FOREIGN_STATE', 'TagMap', message)
    return SharedTagMap as unknown as abstract new () => TagMapLike
  }
}

const IN_TAG_MAP = Symbol.for('tallyscope.tags')

/** Prototype of the tags of a tag map. They inherit nothing else, and are recognized by all copies of this package. */
const TAGS: object = Object.freeze(Object.create(null, { [IN_TAG_MAP]: { value: true } }))

/** Copies tags for a tag map; later ones take precedence. Setting them one by one takes twice as long, freezing them ten times. */
export const tagsOfMap = (base: object | undefined, tags: object): Record<string, unknown> => Object.assign(Object.create(TAGS), base, tags)

/** True if these labels are the tags of a tag map and not an object of the caller. */
export const areOfTagMap = (labels: Labels): boolean => IN_TAG_MAP in labels

/** The labels that a caller passed: the tags of a TagMap of any copy, otherwise the object itself. Call it before any look-up. */
export const labelsOf = (given: Labels): Labels => (given instanceof SharedTagMap ? given.values : given)

function tagsToMerge(given: object): object {
  if (given instanceof SharedTagMap) return given.values
  return typeof given === 'object' && given !== null ? allTags(given) : {}
}

/** Merges labels, for timers. If a key is in both, the later value takes precedence. With a tag map they become the tags of one. */
export const mergeLabels = <T extends object>(first: T, later: Partial<T>): T => {
  const [one, other] = [tagsToMerge(first), tagsToMerge(later)]
  const hasTagMap = first instanceof SharedTagMap || later instanceof SharedTagMap
  return (hasTagMap ? tagsOfMap(one, other) : { ...one, ...other }) as T
}
