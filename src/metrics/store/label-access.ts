/** The number of keys that have a site of their own. */
const OWN_SITES = 8
/** The site of each key that has one. */
const sites = new Map<string, number>()

/** The site where a key is read: one of its own while there are some left; all further keys share one. */
export function siteOf(key: string): number {
  let site = sites.get(key)
  if (site === undefined && sites.size < OWN_SITES) {
    site = sites.size
    sites.set(key, site)
  }
  return site ?? OWN_SITES
}

/**
 * Reads a label. The cases look the same, but V8 keeps the shapes of the objects and the key that was read for each site in the
 * code. For one key and up to four shapes it reads the property at its offset; otherwise it looks the key up each time. That is a
 * third of the time of a record of a fresh object: bench/record.bench.js, 2 and 5 tags.
 */
export const readLabel = (labels: { readonly [key: string]: unknown }, key: string, site: number): unknown => {
  switch (site) {
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
