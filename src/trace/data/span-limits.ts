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
