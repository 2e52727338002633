/** Code points kept of a span's name, a key of an attribute and an id of a message; the rest is cut. */
export const MAX_NAME_LENGTH = 256
/** Code points kept of a description and of the message of a status; the rest is cut. */
export const MAX_MESSAGE_LENGTH = 4_096
/** Details kept of the status of a span; the rest is dropped. */
export const MAX_STATUS_DETAILS = 16

/** How much one span keeps; beyond it the oldest make room and are counted. 0 keeps none. */
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
