import type { Attributes } from './attributes.js'

/** Something that happened within a span, in words. */
export interface Annotation {
  /** Milliseconds since 1970, with fractions. */
  readonly timeUnixMs: number
  readonly description: string
  readonly attributes: Attributes
}
