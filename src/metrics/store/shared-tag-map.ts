import { warnOnce } from '../../base/logger.js'

/** Any object whose own properties are read as labels. */
export type Labels = { readonly [key: string]: unknown }

const SHARED = Symbol.for('tallyscope.TagMap')

interface TagMapLike {
  /** The tags, as an object of strings. */
  readonly values: Labels
}

/**
 * Base class of TagMap, one for all copies of this package in the process, so that `instanceof` recognizes each of them.
 * Looking for a symbol instead would cost 20 ns per record in programs that give tags of many shapes.
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
    const message = `the global Symbol.for('tallyscope.TagMap') is not tallyscope's: tag maps of other copies are not recognized`
    warnOnce('TALLYSCOPE_FOREIGN_STATE', 'TagMap', message)
    return SharedTagMap as unknown as abstract new () => TagMapLike
  }
}

const IN_TAG_MAP = Symbol.for('tallyscope.tags')

/** Prototype of the tags of a tag map: they inherit nothing, and are recognized whichever copy of this package made them. */
const TAGS: object = Object.freeze(Object.create(null, { [IN_TAG_MAP]: { value: true } }))

/** A copy of these tags for a tag map; later ones win. Setting them one by one takes twice as long, freezing them ten times. */
export const tagsOfMap = (base: object | undefined, tags: object): Record<string, unknown> => Object.assign(Object.create(TAGS), base, tags)

/** Whether these labels are the tags of a tag map and not an object of a caller. */
export const areOfTagMap = (labels: Labels): boolean => IN_TAG_MAP in labels

/** The labels in what a caller gave: the tags of a TagMap of any copy, or else the object itself. Call it before any look-up. */
export const labelsOf = (given: Labels): Labels => (given instanceof SharedTagMap ? given.values : given)

/** A new object with the labels of both, for the `merge` of timers. Of a key in both, the later value wins. */
export const mergeLabels = <T extends object>(first: T, later: Partial<T>): T =>
  ({ ...labelsOf(first as Labels), ...labelsOf(later as Labels) }) as T
