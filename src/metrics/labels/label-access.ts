/** The number of keys with their own site. */
const OWN_SITES = 8
/** The site of each key with its own site. */
const sites = new Map<string, number>()

/** The site at which a key is read. The first keys have their own sites, all further keys share one. */
export function siteOf(key: string): number {
  let site = sites.get(key)
  if (site === undefined && sites.size < OWN_SITES) {
    site = sites.size
    sites.set(key, site)
  }
  return site ?? OWN_SITES
}

/**
 * Reads a label. The cases look the same, but V8 stores the key and the shapes of the objects for each site in the code. With one key and
 * up to four shapes it reads the property at its offset; otherwise it looks the key up each time, which would be a third of the time of a
 * record with a fresh object; see bench/record.bench.js, 2 and 5 tags.
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
