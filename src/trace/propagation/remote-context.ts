import { readHexWords } from '../hex.js'
import { SpanContext } from '../span-context.js'
import { TraceIdentity } from '../trace-identity.js'

const traceWords = new Int32Array(4)
const spanWords = new Int32Array(2)

/** The context of a caller in another process, or undefined where an id is no id: 32 and 16 hex digits in any case, not all zero. */
export function remoteContext(traceId: string, spanId: string, options: number): SpanContext | undefined {
  if (traceId.length !== 32 || spanId.length !== 16) return undefined
  const trace = traceId.toLowerCase()
  const span = spanId.toLowerCase()
  // The length again: a few letters of other alphabets become longer in lower case.
  if (trace.length !== 32 || span.length !== 16) return undefined
  if (!readHexWords(trace, 0, traceWords) || !readHexWords(span, 0, spanWords)) return undefined
  const [w0, w1, w2, w3] = traceWords as unknown as [number, number, number, number]
  const [s0, s1] = spanWords as unknown as [number, number]
  if ((w0 | w1 | w2 | w3) === 0 || (s0 | s1) === 0) return undefined
  return new SpanContext(new TraceIdentity(w0, w1, w2, w3), s0, s1, options, true)
}
