import { internalCount, internalCounter } from '../base/internal-metrics.js'
import { TagMap } from '../stats/tags/tag-map.js'

/** Functions of a request by tag key. */
export type RequestTagFunctions<R> = Readonly<Record<string, (request: R) => unknown>>

/** Limit of different values of one tag. */
const MAX_VALUES = 100
const OTHER = 'other'

const FAULTS = internalCounter(
  'tallyscope_http_request_tag_faults_total',
  'Values of tags from requests that were replaced by "other" or could not be read, by reason.',
  'reason',
)

/** Tags that functions read from requests. Callers may choose the values, so that the number of values of a tag is limited. */
export class RequestTags<R> {
  readonly keys: readonly string[]
  readonly functions: RequestTagFunctions<R>
  readonly #readers: readonly (readonly [key: string, read: (request: R) => unknown, known: Set<string>])[]

  constructor(functions: RequestTagFunctions<R>) {
    this.functions = functions
    this.#readers = Object.entries(functions).map(([key, read]) => [key, read, new Set<string>()] as const)
    this.keys = this.#readers.map(([key]) => key)
  }

  /** Reads the tags. Never throws: a tag that cannot be read is not set. */
  read(request: R): TagMap {
    const tags: Record<string, string> = {}
    for (const [key, read, known] of this.#readers) {
      const value = valueOf(request, read)
      if (value !== '') tags[key] = bounded(value, known)
    }
    return TagMap.of(tags)
  }
}

function valueOf<R>(request: R, read: (request: R) => unknown): string {
  try {
    const value = read(request)
    return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
  } catch {
    internalCount(FAULTS, 'threw').value++
    return ''
  }
}

function bounded(value: string, known: Set<string>): string {
  const cut = value.length > 256 ? value.slice(0, 256) : value
  if (known.has(cut)) return cut
  if (known.size >= MAX_VALUES) {
    internalCount(FAULTS, 'too many values').value++
    return OTHER
  }
  known.add(cut)
  return cut
}
