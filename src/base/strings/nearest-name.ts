/** The known name that is most similar, for a hint; undefined if none is similar. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const wanted = plain(given)
  const ranked = known.map((name) => ({ name, distance: distance(wanted, plain(name)) })).sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  if (best === undefined || best.distance >= wanted.length) return undefined // no letter is the same
  return best.distance <= Math.max(1, Math.floor(wanted.length / 3)) ? best.name : undefined
}

/** A name without case, blanks, `_` and `-`, for comparisons: `always_on` equals `alwaysOn`. */
export function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '')
}

/** The Levenshtein distance with transpositions, of names cut to 40 characters. */
function distance(one: string, other: string): number {
  const [from, to] = [one.slice(0, 40), other.slice(0, 40)]
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const swapped = isSwapped ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1), swapped))
    }
    before = row
    row = next
  }
  return row[to.length]!
}
