/** Limit of names of spans, keys of attributes and ids of messages, in code points; the rest is cut. */
export const MAX_NAME_LENGTH = 256
/** Limit of descriptions and messages of a status, in code points; the rest is cut. */
export const MAX_MESSAGE_LENGTH = 4_096
/** Limit of details of a status; the rest is dropped. */
export const MAX_STATUS_DETAILS = 16

/** Limits of one span. Beyond a limit the oldest items are dropped and counted. 0 keeps none. */
export interface SpanLimits {
  /** Default 32. */
  readonly attributes: number
  /** Default 32. */
  readonly annotations: number
  /** Default 128. */
  readonly messageEvents: number
  /** Default 32. */
  readonly links: number
}

export const DEFAULT_SPAN_LIMITS: SpanLimits = Object.freeze({ attributes: 32, annotations: 32, messageEvents: 128, links: 32 })
