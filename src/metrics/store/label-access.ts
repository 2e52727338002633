/** How many keys have a place of their own. */
const OWN_PLACES = 8
/** The place of each key that has one. */
const places = new Map<string, number>()

/** The place where a key is read: its own while there are some left, one shared by all further keys after that. */
export function placeOf(key: string): number {
  let place = places.get(key)
  if (place === undefined && places.size < OWN_PLACES) {
    place = places.size
    places.set(key, place)
  }
  return place ?? OWN_PLACES
}

/**
 * Reads a label. The cases are the same, and are not: V8 remembers for each place in the code what shapes the objects had, and
 * which key was read. Where that is one key, and up to four shapes, it reads the property where it lies; otherwise it looks for it
 * each time. A third of what a record of a fresh object takes: bench/record.bench.js, 2 and 5 tags.
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
