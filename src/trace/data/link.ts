import { cutName } from './cut-strings.js'
import { type Attributes, type AttributesInit, collectAttributes, plainAttributes } from './attributes.js'

/** The relation of the linked span to this one. The numbers are those of the OpenCensus formats. */
export const LinkType = { UNSPECIFIED: 0, CHILD_LINKED_SPAN: 1, PARENT_LINKED_SPAN: 2 } as const
export type LinkType = (typeof LinkType)[keyof typeof LinkType]

export interface LinkInit {
  readonly traceId: string
  readonly spanId: string
  /** Default UNSPECIFIED. */
  readonly type?: LinkType
  readonly attributes?: AttributesInit
}

/** A reference from a span to another span, in the same or another trace. */
export interface Link {
  readonly traceId: string
  readonly spanId: string
  readonly type: LinkType
  readonly attributes: Attributes | undefined
}

/** An unknown type becomes UNSPECIFIED. Throws if an id is not a string. */
export function link({ traceId, spanId, type, attributes }: LinkInit, maxAttributes: number): Link {
  if (typeof traceId !== 'string' || typeof spanId !== 'string') throw new TypeError('the ids of a link must be strings')
  const kept = collectAttributes(attributes, maxAttributes)
  return Object.freeze({
    traceId: cutName(traceId),
    spanId: cutName(spanId),
    type: type === LinkType.CHILD_LINKED_SPAN || type === LinkType.PARENT_LINKED_SPAN ? type : LinkType.UNSPECIFIED,
    attributes: kept && plainAttributes(kept),
  })
}

/** The JSON form: plain attributes, left out if there are none. */
export function linkJson({ traceId, spanId, type, attributes }: Link): object {
  return { trace_id: traceId, span_id: spanId, type, ...(attributes !== undefined && { attributes }) }
}
