/** The side of a call that a span describes. The numbers are those of the OpenCensus formats. */
export const SpanKind = { UNSPECIFIED: 0, SERVER: 1, CLIENT: 2 } as const
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind]

/** Returns UNSPECIFIED for anything that is not a kind. */
export const toSpanKind = (kind: unknown): SpanKind => (kind === SpanKind.SERVER || kind === SpanKind.CLIENT ? kind : SpanKind.UNSPECIFIED)

const NAMES = ['UNSPECIFIED', 'SERVER', 'CLIENT'] as const

/** The name of a kind, as in the tag `kind` of `span/latency`. */
export function spanKindName(kind: SpanKind): string {
  return NAMES[kind] ?? NAMES[0]
}
