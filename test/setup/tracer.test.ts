import { afterEach, expect, test, vi } from 'vitest'
import type { Exporter } from '../../src/base/exporter.js'
import { AsyncTransport } from '../../src/exporters/transport/async-transport.js'
import { ConsoleExporter } from '../../src/exporters/console/console-exporter.js'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'
import { SyncTransport } from '../../src/exporters/transport/sync-transport.js'
import { Stats, stats } from '../../src/stats/stats.js'
import { AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { ProbabilitySampler } from '../../src/trace/sampling/probability-sampler.js'
import { ParentBasedSampler } from '../../src/trace/sampling/parent-based-sampler.js'
import { TagBaggage } from '../../src/trace/propagation/baggage.js'
import { CompositePropagator } from '../../src/trace/propagation/composite.js'
import { TraceContextPropagator } from '../../src/trace/propagation/trace-context.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import type { SpanData } from '../../src/trace/data/span-data.js'
import { Tracer } from '../../src/setup/tracer.js'

const sampler = new AlwaysOnSampler()

afterEach(() => {
  vi.restoreAllMocks()
})

test('a tracer without options samples one trace in 10 000, prints spans at once, and records on the shared stats', () => {
  const tracer = new Tracer()
  expect(tracer.sampler).toBeInstanceOf(ProbabilitySampler)
  expect((tracer.sampler as ProbabilitySampler).rate).toBe(1e-4)
  expect(tracer.exporter).toBeInstanceOf(ConsoleExporter)
  expect(tracer.transport).toBeInstanceOf(SyncTransport)
  expect(tracer.propagator).toBeInstanceOf(TraceContextPropagator)
  expect(tracer.stats).toBe(stats)
})

test('the console gets one JSON document for each span', () => {
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text))
    return true
  })
  const tracer = new Tracer({ sampler, stats: new Stats() })
  tracer.span('parent', () => tracer.span('child', () => {}))
  const documents = lines.map((line) => JSON.parse(line))
  expect(documents.map(({ spans }) => spans[0].displayName.value)).toEqual(['child', 'parent'])
  expect(documents[0].traceId).toBe(documents[1].traceId)
  expect(documents[0].spans[0].parentSpanId).toBe(documents[1].spans[0].spanId)
})

test('an exporter without a transport gets each span when it ends', () => {
  const exporter = new MemoryExporter<SpanData>()
  const tracer = new Tracer({ sampler, exporter, stats: new Stats() })
  tracer.span('a', () => tracer.span('b', () => {}))
  expect(exporter.items.map(({ name }) => name)).toEqual(['b', 'a'])
})

test('a transport is created from the exporter, is readable on it, and is flushed by the tracer', async () => {
  const exporter = new MemoryExporter<SpanData>()
  const transport = vi.fn((given: Exporter<SpanData>) => new AsyncTransport(given))
  const tracer = new Tracer({ sampler, exporter, transport, stats: new Stats() })
  expect(transport).toHaveBeenCalledExactlyOnceWith(exporter)
  expect(exporter.transport).toBe(tracer.transport)
  expect(Object.keys(exporter)).not.toContain('transport')
  tracer.span('a', () => {})
  expect(exporter.items).toEqual([])
  await tracer.flush()
  expect(exporter.items).toHaveLength(1)
  tracer.span('b', () => {})
  await tracer.shutdown()
  expect(exporter.items).toHaveLength(2)
})

test("an exporter's own transport is used", async () => {
  const items: SpanData[] = []
  class Own implements Exporter<SpanData> {
    readonly transport = new AsyncTransport<SpanData>({ export: (spans) => void items.push(...spans) })
    export(): void {
      throw new Error('not asked')
    }
  }
  const exporter = new Own()
  const tracer = new Tracer({ sampler, exporter, stats: new Stats() })
  tracer.span('a', () => {})
  await exporter.transport.flush()
  expect(items).toHaveLength(1)
  await tracer.shutdown()
})

test('a frozen exporter is not modified', () => {
  const exporter = Object.freeze({ export: () => {} })
  expect(new Tracer({ exporter, stats: new Stats() }).transport).toBeInstanceOf(SyncTransport)
})

test("an exporter's own spans are not traced", () => {
  const seen: string[] = []
  const tracer: Tracer = new Tracer({
    sampler,
    stats: new Stats(),
    exporter: {
      export: (spans) => {
        seen.push(...spans.map(({ name }) => name))
        tracer.span('inside', () => {})
      },
    },
  })
  tracer.span('a', () => {})
  expect(seen).toEqual(['a'])
})

test('a tracer may continue a given context', () => {
  const exporter = new MemoryExporter<SpanData>()
  const spanContext = new SpanContext({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true })
  const tracer = new Tracer({ spanContext, exporter, stats: new Stats() })
  expect(tracer.shouldSample()).toBe(true)
  tracer.span('a', () => {})
  expect(exporter.items[0]).toMatchObject({ traceId: spanContext.traceId, parentSpanId: spanContext.spanId })
})

test('creating a tracer starts nothing', () => {
  vi.useFakeTimers()
  const before = process.eventNames().map((name) => process.listenerCount(name))
  new Tracer()
  expect(vi.getTimerCount()).toBe(0)
  expect(process.eventNames().map((name) => process.listenerCount(name))).toEqual(before)
  vi.useRealTimers()
})

test("a tracer with the exporter 'none' samples, measures and exports nothing", async () => {
  const write = vi.spyOn(process.stdout, 'write')
  const stats = new Stats()
  const tracer = new Tracer({ exporter: 'none', sampler: new AlwaysOnSampler(), stats })
  tracer.registerViews()
  expect(tracer.span('a', (span) => span.sampled)).toBe(true)
  await tracer.flush()
  await tracer.shutdown()
  expect(write).not.toHaveBeenCalled()
  expect(stats.viewManager.getView('span/latency')?.rows[0]?.tagValues['span']).toBe('a')
  write.mockRestore()
})

test('a component of a tracer without the required methods is refused', () => {
  const memory = new MemoryExporter<SpanData>()
  const wrong: Record<string, readonly unknown[]> = {
    sampler: [{}, 'always', 1, null],
    propagator: [{}, 'b3', { inject() {} }],
    transport: [new SyncTransport(memory), () => ({}), 5],
    stats: [{}],
    limits: [{ attributes: -1 }, { links: '5' }, { annotations: Number.NaN }],
    untrusted: ['false', 0],
    baggage: [{ allow: ['tenant'] }],
    clock: [{ unixMs: () => 0 }],
    random: [5, Math.random],
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const refused = expect.objectContaining({ code: 'ERR_TRACER_OPTION', message: expect.stringContaining(name) })
      expect(() => new Tracer({ exporter: memory, [name]: value })).toThrow(refused)
    }
  }
  expect(() => new Tracer({ limits: { attribute: 5 } as never })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  const parts = [
    () => new ParentBasedSampler({ root: 'always' as never }),
    () => new CompositePropagator('w3c' as never),
    () => new CompositePropagator([{}] as never),
    () => new TagBaggage({ allow: 'tenant' as never }),
  ]
  for (const make of parts) expect(make).toThrow(expect.objectContaining({ code: 'ERR_TRACER_OPTION' }))
  expect(new Tracer({ exporter: memory, limits: { links: Infinity }, untrusted: false }).limits.links).toBe(Infinity)
})
