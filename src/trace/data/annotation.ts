import type { Attributes } from './attributes.js'

/** A description of an event within a span. */
export interface Annotation {
  /** Milliseconds since 1970, with fractions. */
  readonly timeUnixMs: number
  readonly description: string
  readonly attributes: Attributes
}
