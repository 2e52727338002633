/** The known methods. A caller can send any string as a method, and each would be a row. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'] as const

/** The tag value of all unknown methods. */
const OTHER_METHOD = '_OTHER'

const NAMES: readonly string[] = [...METHODS, OTHER_METHOD]
const INDEX = new Map<string, number>(METHODS.map((method, index) => [method, index]))

/** The number of indexes. */
export const METHOD_COUNT: number = NAMES.length

/** The index of a method. Methods are case-sensitive, as in HTTP. */
export function httpMethodIndex(method: string | undefined): number {
  return INDEX.get(method as string) ?? METHODS.length
}

/** The tag value of an index. */
export function httpMethodName(index: number): string {
  return NAMES[index] ?? OTHER_METHOD
}

/** The tag value of a method: the method itself if it is known, otherwise `_OTHER`. */
export function httpMethodTag(method: string | undefined): string {
  return httpMethodName(httpMethodIndex(method))
}
