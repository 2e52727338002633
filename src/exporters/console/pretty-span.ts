import type { SpanData } from '../../trace/data/span-data.js'
import { escapeControlCharacters } from '../../base/strings/inspect-value.js'

/**
 * Formats a span in a human-readable form. Empty parts are omitted.
 *
 * ```text
 * Span: checkout (server) 12.4 ms, OK
 *   trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7 parent 53ce929d0e0e4736
 *   Start: 2024-01-15T10:30:15.123Z
 *   End: 2024-01-15T10:30:15.135Z
 *   Attributes: {"cart":3}
 *   Annotations: [{"description":"checked"}]
 * ```
 */
export function prettySpan(item: unknown): string {
  const span = item as Partial<SpanData>
  const { name, durationMs, status, traceId, spanId, parentSpanId } = span
  const took = durationMs === undefined ? '' : ` ${Number(durationMs.toPrecision(4))} ms`
  const state = status === undefined ? '' : `, ${escapeControlCharacters(statusText(status))}`
  const kind = span.kind === 1 ? ' (server)' : span.kind === 2 ? ' (client)' : ''
  const ids = [
    ...(traceId === undefined ? [] : [`trace ${traceId}`]),
    ...(spanId === undefined ? [] : [`span ${spanId}`]),
    ...(parentSpanId === undefined ? [] : [`parent ${parentSpanId}`]),
  ]
  const lines = [
    `Span: ${escapeControlCharacters(String(name))}${kind}${took}${state}`,
    ...(ids.length === 0 ? [] : [`  ${escapeControlCharacters(ids.join(' '))}`]),
    ...(span.startTime === undefined ? [] : [`  Start: ${escapeControlCharacters(String(timeText(span.startTime)))}`]),
    ...(span.endTime === undefined ? [] : [`  End: ${escapeControlCharacters(String(timeText(span.endTime)))}`]),
    ...listed('Attributes', span.attributes),
    ...listed('Annotations', span.annotations),
    ...listed('Links', span.links),
  ]
  return `${lines.join('\n')}\n`
}

function statusText(status: unknown): string {
  const { name, code, message } = status as { name?: unknown; code?: unknown; message?: unknown }
  const shown = String(name ?? code)
  return typeof message === 'string' && message !== '' ? `${shown} ${message}` : shown
}

function timeText(time: unknown): unknown {
  return time instanceof Date && !Number.isNaN(time.getTime()) ? time.toISOString() : time
}

function listed(title: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return []
  return [`  ${title}: ${escapeControlCharacters(JSON.stringify(value))}`]
}
