// Objects of tags whose properties are not plain values.
import type { Tags } from '../../../src/index.js'

/** The same tags as accessors, as an object of a framework may have them. */
export function withGetters(tags: Tags): Tags {
  return noticingTags(tags, () => {})
}

/** Calls `onRead` each time that one of the tags, or of a to e, is read. */
export function noticingTags(tags: Tags, onRead: () => void): Tags {
  const object = {}
  for (const key of new Set([...Object.keys(tags), 'a', 'b', 'c', 'd', 'e'])) {
    const get = (): unknown => {
      onRead()
      return tags[key]
    }
    Object.defineProperty(object, key, { get, enumerable: true })
  }
  return object
}

/** Throws when tag b is read. */
export function tagsThatThrow(tags: Tags): Tags {
  return {
    ...tags,
    get b(): string {
      throw new Error('b cannot be read')
    },
  }
}

/** Calls `onRead` each time that the keys of the tags are listed. */
export function noticingKeys(tags: Tags, onRead: () => void): Tags {
  return new Proxy(tags, {
    ownKeys(target) {
      onRead()
      return Reflect.ownKeys(target)
    },
  })
}
