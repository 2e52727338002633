// The kind of a span and its state, in one number: code that meets one of several classes in a frame checks one field with
// one `and`, which takes half as long as `instanceof` (bench/trace/trace.bench.js, parent from context).

export const ENDED = 0x01
/** The start was read from the clock: the latency can be recorded. */
export const TIMED = 0x02
/** A scope made it current, and not a callback. */
export const SCOPED = 0x04
/** Skipped by the search for the current span. */
export const SKIPPED: number = ENDED | SCOPED
/** Marks spans, and not the entries that a frame holds for them. */
export const IS_SPAN = 0x08
/** Keeps what is set on it: of the class SampledSpan. */
export const IS_SAMPLED = 0x10
/** Holds a place in a frame for a span: of the class ScopeEntry. */
export const IS_PROXY = 0x20
/** The parent's context was made in this process. */
export const LOCAL_PARENT = 0x40
/** The parent's context came from another process. */
export const REMOTE_PARENT = 0x80

// Above them: the kind, then the trace options that children inherit, then the period in which a sampled span was started.
export const KIND_SHIFT = 8
export const KIND_MASK = 0x3
export const OPTIONS_SHIFT = 10
export const OPTIONS_MASK = 0xff
export const PERIOD_SHIFT = 18
