import type { Tracer } from 'opentracing'
import type { Span } from '../../trace/span/span.js'
import type { MockRecorder } from './mock-recorder.js'
import { OpenTracingSpan } from './opentracing-span.js'
import type { SpanBaggage } from './span-baggage.js'

/** A span of mock mode, which also keeps tags and logs exactly as they were passed. */
export class MockSpan extends OpenTracingSpan {
  readonly #recorder: MockRecorder
  readonly #parentId: string | null
  readonly #start: number
  readonly #tags = new Map<string, unknown>()
  readonly #logs: { readonly time: number; readonly fields: Readonly<Record<string, unknown>> }[] = []

  constructor(native: Span, tracer: Tracer, items: SpanBaggage, recorder: MockRecorder, parentId: string | null, start: number) {
    super(native, tracer, items)
    this.#recorder = recorder
    this.#parentId = parentId
    this.#start = start
  }

  // oxlint-disable-next-line typescript/no-explicit-any
  override setTag(key: string, value: any): this {
    if (!this.native.ended) this.#tags.set(key, value)
    return super.setTag(key, value)
  }

  // oxlint-disable-next-line typescript/no-explicit-any
  override log(fields: { [key: string]: any }, timestamp?: number): this {
    const time = Number.isFinite(timestamp) ? timestamp! : this.#recorder.clock.tickUnixMs()
    if (!this.native.ended && typeof fields === 'object' && fields !== null) this.#logs.push({ time, fields: { ...fields } })
    return super.log(fields, time)
  }

  override finish(finishTime?: number): void {
    if (this.native.ended) return super.finish(finishTime)
    const end = Number.isFinite(finishTime) ? finishTime! : this.#recorder.clock.tickUnixMs()
    super.finish(end)
    const { name, traceId, spanId } = this.native
    const tags = Object.fromEntries(this.#tags)
    this.#recorder.add({ name, traceId, spanId, parentId: this.#parentId, tags, logs: this.#logs, start: this.#start, end })
  }
}
