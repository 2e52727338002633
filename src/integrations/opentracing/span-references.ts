import { REFERENCE_CHILD_OF, REFERENCE_FOLLOWS_FROM } from 'opentracing'
import { type LinkInit, LinkType } from '../../trace/data/link.js'
import { type OpenTracingSpanContext, readContext } from './opentracing-context.js'
import type { SpanBaggage } from './span-baggage.js'

interface FoundReference {
  readonly type: string
  readonly context: OpenTracingSpanContext
}

/** Parent, baggage and links of a new span. */
interface Ancestry {
  /** The first `child_of` reference, else the first reference. */
  readonly parent: OpenTracingSpanContext
  /** The baggage of all references. For equal keys the parent takes precedence, then the earlier reference. */
  readonly baggage: SpanBaggage
  /** The references other than the parent. */
  readonly links: readonly LinkInit[] | undefined
}

/**
 * Reads `childOf` and `references` of a new span. `childOf` comes first. Returns undefined if no reference has a context of this
 * library.
 */
export function ancestryOf(childOf: unknown, references: unknown): Ancestry | undefined {
  const given = readContext(childOf)
  if (references == null) {
    return given === undefined ? undefined : { parent: given, baggage: given.items, links: undefined }
  }
  const found = given === undefined ? [] : [{ type: REFERENCE_CHILD_OF, context: given }]
  found.push(...readReferences(references))
  const chosen = found.find(({ type }) => type === REFERENCE_CHILD_OF) ?? found[0]
  if (chosen === undefined) return undefined
  const links = found.filter((each) => each !== chosen || each.type !== REFERENCE_CHILD_OF).flatMap(linkTo)
  const baggage = found.reduce((all, { context }) => all.union(context.items), chosen.context.items)
  return { parent: chosen.context, baggage, links: links.length === 0 ? undefined : links }
}

function readReferences(given: unknown): FoundReference[] {
  try {
    if (typeof (given as Iterable<unknown>)[Symbol.iterator] !== 'function') return []
    return [...(given as Iterable<unknown>)].flatMap(readReference)
  } catch {
    return []
  }
}

/** Reads a reference by its methods, since it may be from another copy of the npm package. */
function readReference(given: unknown): FoundReference[] {
  if (typeof given !== 'object' || given === null) return []
  const reference = given as { type?: unknown; referencedContext?: unknown }
  const type: unknown = typeof reference.type === 'function' ? reference.type() : reference.type
  const held: unknown = typeof reference.referencedContext === 'function' ? reference.referencedContext() : reference.referencedContext
  const context = readContext(held)
  return context === undefined ? [] : [{ type: type === REFERENCE_FOLLOWS_FROM ? REFERENCE_FOLLOWS_FROM : REFERENCE_CHILD_OF, context }]
}

function linkTo({ type, context }: FoundReference): LinkInit[] {
  const to = context.native
  if (to === undefined) return []
  const attributes = { 'opentracing.ref_type': type }
  return [{ traceId: to.traceId, spanId: to.spanId, type: LinkType.PARENT_LINKED_SPAN, attributes }]
}
