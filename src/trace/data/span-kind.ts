/** The side of a call that a span describes. The numbers are those of the OpenCensus formats. */
export const SpanKind = { UNSPECIFIED: 0, SERVER: 1, CLIENT: 2 } as const
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind]

const NAMES = ['UNSPECIFIED', 'SERVER', 'CLIENT'] as const

/** The kind's name, as the tag `kind` of `span/latency` has it. */
export function spanKindName(kind: SpanKind): string {
  return NAMES[kind] ?? NAMES[0]
}
