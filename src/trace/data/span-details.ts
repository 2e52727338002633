import { internString } from '../../base/strings/intern-string.js'
import type { InternalCount } from '../../base/internal-metrics.js'
import type { Annotation } from './annotation.js'
import {
  type Attributes,
  type AttributesInit,
  type AttributeValue,
  attributeValue,
  collectAttributes,
  plainAttributes,
} from './attributes.js'
import { BoundedList } from './bounded-list.js'
import { BoundedMap } from './bounded-map.js'
import { cutKey, cutMessage } from './cut-strings.js'
import { readSafely } from './read-safely.js'
import { type Link, type LinkInit, link } from './link.js'
import { type MessageEvent, type MessageEventInit, messageEvent } from './message-event.js'
import { SpanContext } from '../context/span-context.js'
import { MAX_NAME_LENGTH, type SpanLimits } from './span-limits.js'
import { droppedAnnotations, droppedAttributes, droppedLinks, droppedMessageEvents, refusedValues } from './span-metrics.js'
import type { StackTrace } from './stack-trace.js'

/** Attributes that are computed when they are first read. */
export interface AttributeSource {
  /** Approximate memory of the strings. */
  readonly bytes: number
  addTo(add: (key: string, value: unknown) => void): void
}

/** Memory of an attribute without its strings. */
const VALUE_BYTES = 16

/** The attributes, annotations, message events, links and stack trace of a sampled span, within its limits. Accepts values of any type. */
export class SpanDetails {
  private kept: BoundedMap<string, AttributeValue> | undefined = undefined
  /** Attributes that are computed when they are first read. */
  private source: AttributeSource | undefined = undefined
  private limits: SpanLimits | undefined = undefined
  annotations: BoundedList<Annotation> | undefined = undefined
  messageEvents: BoundedList<MessageEvent> | undefined = undefined
  links: BoundedList<Link> | undefined = undefined
  stackTrace: StackTrace | undefined = undefined
  private plain: Attributes | undefined = undefined

  get attributes(): BoundedMap<string, AttributeValue> | undefined {
    if (this.source !== undefined) this.expand()
    return this.kept
  }

  set attributes(attributes: BoundedMap<string, AttributeValue> | undefined) {
    this.kept = attributes
  }

  addLater(source: AttributeSource, limits: SpanLimits): void {
    this.source = source
    this.limits = limits
    if (this.kept !== undefined) this.expand()
  }

  /** Approximate memory of the attributes, without computing them. */
  get attributeBytes(): number {
    if (this.source !== undefined) return this.source.bytes
    let bytes = 0
    this.kept?.forEach((value, key) => {
      bytes += VALUE_BYTES + key.length + (typeof value === 'string' ? value.length : 0)
    })
    return bytes
  }

  /**
   * Releases the longer strings that strings of this span were cut from: V8 makes a string that was interned refer to the interned copy. For
   * spans that are kept for long. Attributes that are not computed yet stay so.
   */
  releaseLongStrings(): void {
    const release = (value: unknown): void => {
      if (typeof value === 'string') internString(value)
    }
    this.kept?.forEach(release)
    for (const { description, attributes } of this.annotations ?? []) {
      release(description)
      Object.values(attributes).forEach(release)
    }
    for (const { attributes } of this.links ?? []) Object.values(attributes ?? {}).forEach(release)
  }

  /** True if there are neither lists nor a stack trace. */
  get hasOnlyAttributes(): boolean {
    return (this.annotations ?? this.messageEvents ?? this.links ?? this.stackTrace) === undefined
  }

  private expand(): void {
    const source = this.source!
    this.source = undefined
    source.addTo((key, value) => this.addAttribute(key, value, this.limits!))
  }

  /** The attributes for exporters. Call it only after the end of the span, since they are computed once. */
  plainAttributes(): Attributes {
    return (this.plain ??= plainAttributes(this.attributes))
  }

  addAttribute(key: string, value: unknown, limits: SpanLimits): void {
    const kept = attributeValue(value)
    if (kept === undefined || typeof key !== 'string') {
      refusedValues.value++
      return
    }
    const attributes = (this.attributes ??= new BoundedMap(limits.attributes))
    const before = attributes.dropped
    attributes.set(key.length > MAX_NAME_LENGTH ? cutKey(key) : key, kept)
    if (attributes.dropped !== before) droppedAttributes.value++
  }

  addAnnotation(description: string, attributes: AttributesInit | undefined, timeUnixMs: number, limits: SpanLimits): void {
    const annotation = readSafely(() => ({
      timeUnixMs,
      description: cutMessage(String(description)),
      attributes: plainAttributes(collectAttributes(attributes, limits.attributes)),
    }))
    if (annotation === undefined) return
    append((this.annotations ??= new BoundedList(limits.annotations)), Object.freeze(annotation), droppedAnnotations)
  }

  addMessageEvent(event: MessageEventInit, nowUnixMs: number, limits: SpanLimits): void {
    const kept = readSafely(() => messageEvent(event, nowUnixMs))
    if (kept === undefined) return
    append((this.messageEvents ??= new BoundedList(limits.messageEvents)), kept, droppedMessageEvents)
  }

  addLink(to: LinkInit | SpanContext, limits: SpanLimits): void {
    const kept = readSafely(() => {
      const init: LinkInit = to instanceof SpanContext ? { traceId: to.traceId, spanId: to.spanId } : to
      return link(init, limits.attributes)
    })
    if (kept === undefined) return
    append((this.links ??= new BoundedList(limits.links)), kept, droppedLinks)
  }
}

function append<T>(list: BoundedList<T>, item: T, dropCount: InternalCount): void {
  const before = list.dropped
  list.append(item)
  if (list.dropped !== before) dropCount.value++
}
