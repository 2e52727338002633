import type { Span } from 'opentracing'
import { errorMessage } from '../../base/errors.js'
import { textOf } from './span-tags.js'

/** The OpenTracing log fields of a thrown value. */
interface ErrorFields {
  readonly kind: string
  readonly message: string
  readonly stack: string | undefined
}

/** Reads a thrown value of any type. Never throws. */
export function errorFields(thrown: unknown): ErrorFields {
  try {
    if (typeof thrown !== 'object' || thrown === null) return { kind: typeof thrown, message: textOf(thrown), stack: undefined }
    const { name, message, stack, constructor } = thrown as Partial<Record<string, unknown>>
    return {
      kind: textIn(name) ?? textIn((constructor as { name?: unknown } | undefined)?.name) ?? 'Object',
      message: typeof message === 'string' ? errorMessage(thrown) : textOf(thrown),
      stack: textIn(stack),
    }
  } catch {
    return { kind: 'unknown', message: textOf(thrown), stack: undefined }
  }
}

/** Records a thrown value on a span: sets the tag `error` and adds a log. */
export function recordErrorOn(span: Span, thrown: unknown): void {
  const { kind, message, stack } = errorFields(thrown)
  try {
    span.setTag('error', true)
    span.log({ event: 'error', 'error.kind': kind, message, ...(stack !== undefined && { stack }), 'error.object': thrown })
  } catch {
    // The span of another tracer threw. The caller must see the original error.
  }
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
