import type { Clock } from '../../src/base/clock.js'
import type { Transport } from '../../src/base/exporter.js'
import { Stats } from '../../src/stats/stats.js'
import { AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { TraceContextPropagator } from '../../src/trace/propagation/trace-context.js'
import type { SpanData } from '../../src/trace/data/span-data.js'
import { TracerCore, type TracerCoreOptions } from '../../src/trace/tracer-core.js'

/** Time that moves only by the test. Counts how often it is read. */
export class HandClock implements Clock {
  nowMs: number
  wallMs: number
  reads = 0

  constructor(wallMs: number = Date.UTC(2024, 0, 15), nowMs = 1_000) {
    this.wallMs = wallMs
    this.nowMs = nowMs
  }

  unixMs(): number {
    this.reads++
    return Math.floor(this.wallMs)
  }

  monotonicMs(): number {
    this.reads++
    return this.nowMs
  }

  advance(ms: number): void {
    this.nowMs += ms
    this.wallMs += ms
  }
}

export class CollectingTransport implements Transport<SpanData> {
  readonly sent: SpanData[] = []
  flushes = 0
  send(item: SpanData): void {
    this.sent.push(item)
  }
  async flush(): Promise<void> {
    this.flushes++
  }
  async shutdown(): Promise<void> {}
}

export interface Traced {
  readonly tracer: TracerCore
  readonly sent: SpanData[]
  readonly stats: Stats
  readonly clock: HandClock
  readonly transport: CollectingTransport
}

/** A tracer that samples everything into a list, with a clock and a stats engine of its own. */
export function traced(options: Partial<TracerCoreOptions> = {}): Traced {
  const clock = new HandClock()
  const stats = new Stats()
  const transport = new CollectingTransport()
  const tracer = new TracerCore({
    sampler: new AlwaysOnSampler(),
    propagator: new TraceContextPropagator(),
    transport,
    stats,
    clock,
    ...options,
  })
  return { tracer, sent: transport.sent, stats, clock, transport }
}

export const byName = (spans: readonly SpanData[]): Record<string, SpanData> => Object.fromEntries(spans.map((span) => [span.name, span]))

/** `parent/child/…` of each span, by the ids. */
export function paths(spans: readonly SpanData[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const pathOf = (span: SpanData): string => {
    const parent = span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId)
    return parent === undefined ? span.name : `${pathOf(parent)}/${span.name}`
  }
  return spans.map(pathOf).sort()
}
