/** True for a valid tag value. Objects, functions and symbols are refused: their own methods are never called. */
export function isTagValue(value: unknown): value is string | number | boolean | bigint {
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint'
}

/** Limit of the prototypes of an object that are read. A proxy may have any number of them. */
const MAX_PROTOTYPES = 16

/**
 * All tags of an object, for a copy of them. A record reads `tags[key]`, so getters of a class count, and inherited values too. A copy has
 * the same tags: it has what is enumerable in the object, and every valid value that it inherits. Arrays and plain objects are returned
 * as they are.
 */
export function allTags(tags: object): object {
  let prototype: object | null = Object.getPrototypeOf(tags)
  if (prototype === Object.prototype || prototype === null || Array.isArray(tags)) return tags
  const all: Record<string, unknown> = Object.create(null)
  for (let depth = 0; depth < MAX_PROTOTYPES && prototype !== null && prototype !== Object.prototype; depth++) {
    for (const key of Object.getOwnPropertyNames(prototype)) {
      const value = key in all || Object.hasOwn(tags, key) ? undefined : (tags as Record<string, unknown>)[key]
      if (isTagValue(value)) all[key] = value
    }
    prototype = Object.getPrototypeOf(prototype)
  }
  return Object.assign(all, tags)
}
