import type { Frame } from '../base/context.js'
import { RemoteParentEntry } from './span/current-span.js'

/** The key in a frame's spans for the stored tracer. */
const STORED = {}

/** Returns `frame` with a stored tracer, which `storedTracer` returns. */
export function storing(frame: Frame, tracer: object): Frame {
  return { ...frame, spans: new Map(frame.spans).set(STORED, new RemoteParentEntry(tracer, undefined)) }
}

export function storedTracer(frame: Frame): object | undefined {
  return (frame.spans?.get(STORED) as RemoteParentEntry | undefined)?.owner
}
