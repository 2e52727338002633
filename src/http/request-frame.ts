import type { IncomingMessage } from 'node:http'
import { type Frame, isContextRead } from '../base/context.js'

/**
 * True if the frame of a request has to be entered. On Node 20 an async context costs time in each async resource of the request, even if
 * nobody reads it. Values that are recorded in a trace that the caller samples may have it as exemplar, and views may read tags.
 */
export function isFrameRead({ headers }: IncomingMessage, { scope, tags, span }: Frame): boolean {
  if (isContextRead() || scope !== undefined || tags !== undefined) return true
  return headers['traceparent'] !== undefined && span?.exemplarLabels() !== undefined
}
