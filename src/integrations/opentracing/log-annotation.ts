import type { AttributeValue } from '../../trace/data/attributes.js'
import { errorFields } from './error-fields.js'
import { plainValue } from './span-tags.js'

/** The arguments of `addAnnotation` for a log of OpenTracing. */
interface LogAnnotation {
  readonly description: string
  readonly attributes: Record<string, AttributeValue>
}

/** The fields of a log. A string becomes the field `event`. An `error.object` sets missing fields. Undefined if there are no fields. */
export function logFields(given: unknown): Record<string, unknown> | undefined {
  if (typeof given === 'string') return { event: given }
  if (typeof given !== 'object' || given === null) return undefined
  try {
    const fields = { ...(given as Record<string, unknown>) }
    const thrown = fields['error.object']
    if (thrown == null) return fields
    const { kind, message, stack } = errorFields(thrown)
    fields['error.kind'] ??= kind
    fields['message'] ??= message
    if (stack !== undefined) fields['stack'] ??= stack
    return fields
  } catch {
    return undefined // a getter threw
  }
}

/** True if a log reports an error. */
export function hasError(fields: Readonly<Record<string, unknown>>): boolean {
  return fields['event'] === 'error' || (fields['error.object'] !== undefined && fields['error.object'] !== null)
}

/** Converts fields: the description is the event, else the message, else `log`. The other fields become attributes. */
export function annotationOf(fields: Readonly<Record<string, unknown>>): LogAnnotation {
  const title = ['event', 'message'].find((key) => typeof fields[key] === 'string' && fields[key] !== '')
  const attributes: [string, AttributeValue][] = []
  for (const [key, value] of Object.entries(fields)) {
    const kept = key === title || key === 'error.object' ? undefined : plainValue(value)
    if (kept !== undefined) attributes.push([key, kept])
  }
  return { description: title === undefined ? 'log' : (fields[title] as string), attributes: Object.fromEntries(attributes) }
}
