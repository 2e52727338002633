/** The number of keys that have a place of their own. */
const OWN_PLACES = 8
/** The place of each key that has one. */
const places = new Map<string, number>()

/** The place where a key is read: one of its own while there are some left; all further keys share one. */
export function placeOf(key: string): number {
  let place = places.get(key)
  if (place === undefined && places.size < OWN_PLACES) {
    place = places.size
    places.set(key, place)
  }
  return place ?? OWN_PLACES
}

/**
 * Reads a label. The cases look the same, but V8 keeps the shapes of the objects and the key that was read for each place in the
 * code. For one key and up to four shapes it reads the property at its offset; otherwise it looks the key up each time. That is a
 * third of the time of a record of a fresh object: bench/record.bench.js, 2 and 5 tags.
 */
export const readLabel = (labels: { readonly [key: string]: unknown }, key: string, place: number): unknown => {
  switch (place) {
    case 0:
      return labels[key]
    case 1:
      return labels[key]
    case 2:
      return labels[key]
    case 3:
      return labels[key]
    case 4:
      return labels[key]
    case 5:
      return labels[key]
    case 6:
      return labels[key]
    case 7:
      return labels[key]
    default:
      return labels[key]
  }
}
