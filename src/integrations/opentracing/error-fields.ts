import type { Span } from 'opentracing'
import { textOf } from './span-tags.js'

/** The fields of a thrown value for a log of OpenTracing. */
export interface ErrorFields {
  readonly kind: string
  readonly message: string
  readonly stack: string | undefined
}

/** Never throws, whatever was thrown. */
export function errorFields(thrown: unknown): ErrorFields {
  try {
    if (typeof thrown !== 'object' || thrown === null) return { kind: typeof thrown, message: textOf(thrown), stack: undefined }
    const { name, message, stack, constructor } = thrown as Partial<Record<string, unknown>>
    return {
      kind: textIn(name) ?? textIn((constructor as { name?: unknown } | undefined)?.name) ?? 'Object',
      message: typeof message === 'string' ? message : textOf(thrown),
      stack: textIn(stack),
    }
  } catch {
    return { kind: 'unknown', message: textOf(thrown), stack: undefined }
  }
}

/** Records on a span what was thrown through its scope: the tag `error`, and one log. */
export function recordErrorOn(span: Span, thrown: unknown): void {
  const { kind, message, stack } = errorFields(thrown)
  try {
    span.setTag('error', true)
    span.log({ event: 'error', 'error.kind': kind, message, ...(stack !== undefined && { stack }), 'error.object': thrown })
  } catch {
    // A span of another tracer: what was thrown first goes on to the caller.
  }
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
