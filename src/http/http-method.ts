/** The methods that are distinguished; a stranger can send any string as a method, and each would be a row. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'] as const

/** Stands for every method that is not in the set. */
const OTHER_METHOD = '_OTHER'

const NAMES: readonly string[] = [...METHODS, OTHER_METHOD]
const INDEX = new Map<string, number>(METHODS.map((method, index) => [method, index]))

/** How many indexes there are. */
export const METHOD_COUNT: number = NAMES.length

/** The place of a method in the closed set. Case counts, as in HTTP. */
export function httpMethodIndex(method: string | undefined): number {
  return INDEX.get(method as string) ?? METHODS.length
}

/** The tag value at this place. */
export function httpMethodName(index: number): string {
  return NAMES[index] ?? OTHER_METHOD
}

/** The tag value of a method: itself if it is in the set, else `_OTHER`. */
export function httpMethodTag(method: string | undefined): string {
  return httpMethodName(httpMethodIndex(method))
}
