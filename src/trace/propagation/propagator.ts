import type { SpanContext } from '../context/span-context.js'

/** Returns the value of a header by its lower-case name; repeated headers are joined by commas. */
export type HeaderGetter = (name: string) => string | undefined
export type HeaderSetter = (name: string, value: string) => void

/**
 * Writes a context into headers and reads it from headers. Any object with these two methods is a propagator.
 *
 * Headers may come from strangers. `extract` returns undefined if a header is not valid, takes linear time, and never throws.
 */
export interface Propagator {
  /** The headers that it writes, in lower case. For CORS lists, and for code that clears headers. */
  readonly fields?: readonly string[]
  inject(context: SpanContext, set: HeaderSetter): void
  extract(get: HeaderGetter): SpanContext | undefined
}
