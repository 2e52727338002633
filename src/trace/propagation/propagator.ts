import type { SpanContext } from '../context/span-context.js'

/** Returns the value of a header by its lower-case name; repeated headers are joined by commas. */
export type HeaderGetter = (name: string) => string | undefined
export type HeaderSetter = (name: string, value: string) => void

/**
 * Writes a context into headers and reads it from headers. Any object with these two methods is a propagator.
 *
 * Headers may come from untrusted callers. `extract` returns undefined if a header is invalid, takes linear time, and never throws.
 */
export interface Propagator {
  /**
   * The names of the headers of the format, in lower case: those that `inject` writes, and others that `extract` reads. For CORS lists, and
   * for code that removes headers.
   */
  readonly fields?: readonly string[]
  inject(context: SpanContext, set: HeaderSetter): void
  extract(get: HeaderGetter): SpanContext | undefined
}
