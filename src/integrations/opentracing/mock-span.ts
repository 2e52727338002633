import type { Tracer } from 'opentracing'
import { readSafely } from '../../trace/data/read-safely.js'
import type { Span } from '../../trace/span/span.js'
import type { MockRecorder } from './mock-recorder.js'
import { OpenTracingSpan } from './opentracing-span.js'
import type { SpanBaggage } from './span-baggage.js'
import { textOf } from './span-tags.js'

/** What a span of mock mode knows beside its native span. */
interface MockStart {
  readonly recorder: MockRecorder
  readonly parentId: string | null
  /** Milliseconds since 1970. */
  readonly start: number
}

/** A span of mock mode, which also keeps tags and logs exactly as they were passed. */
export class MockSpan extends OpenTracingSpan {
  readonly #mock: MockStart
  readonly #tags = new Map<string, unknown>()
  readonly #logs: { readonly time: number; readonly fields: Readonly<Record<string, unknown>> }[] = []

  constructor(native: Span, tracer: Tracer, items: SpanBaggage, mock: MockStart) {
    super(native, tracer, items)
    this.#mock = mock
  }

  // oxlint-disable-next-line typescript/no-explicit-any
  override setTag(key: string, value: any): this {
    if (!this.native.ended) this.#tags.set(textOf(key), value)
    return super.setTag(key, value)
  }

  // oxlint-disable-next-line typescript/no-explicit-any
  override log(fields: { [key: string]: any }, timestamp?: number): this {
    const time = Number.isFinite(timestamp) ? timestamp! : this.#mock.recorder.clock.tickUnixMs()
    const copy = typeof fields === 'object' && fields !== null ? readSafely(() => ({ ...fields })) : undefined
    if (!this.native.ended && copy !== undefined) this.#logs.push({ time, fields: copy })
    return super.log(fields, time)
  }

  override finish(finishTime?: number): void {
    if (this.native.ended) return super.finish(finishTime)
    const end = Number.isFinite(finishTime) ? finishTime! : this.#mock.recorder.clock.tickUnixMs()
    super.finish(end)
    const { name, traceId, spanId } = this.native
    const tags = Object.fromEntries(this.#tags)
    const { recorder, parentId, start } = this.#mock
    recorder.add({ name, traceId, spanId, parentId, tags, logs: this.#logs, start, end })
  }
}
