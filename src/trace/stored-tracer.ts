import type { Frame } from '../base/context.js'
import { RemoteParentEntry } from './span/current-span.js'

/** The place among a frame's spans that belongs to no tracer: whose owner is the stored one. */
const STORED = {}

/** `frame` with a tracer that code further down can get. */
export function storing(frame: Frame, tracer: object): Frame {
  return { ...frame, spans: new Map(frame.spans).set(STORED, new RemoteParentEntry(tracer, undefined)) }
}

export function storedTracer(frame: Frame): object | undefined {
  return (frame.spans?.get(STORED) as RemoteParentEntry | undefined)?.owner
}
