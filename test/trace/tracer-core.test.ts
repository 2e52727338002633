import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as immediately } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.js'
import { contextState, currentFrame, exemplarLabels } from '../../src/base/context.js'
import { internalMetrics } from '../../src/base/internal-metrics.js'
import { runSuppressed } from '../../src/base/suppression.js'
import { withTags } from '../../src/stats/tags/current-tags.js'
import { TagMap } from '../../src/stats/tags/tag-map.js'
import { AlwaysOffSampler, AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { ProbabilitySampler } from '../../src/trace/sampling/probability-sampler.js'
import { ParentBasedSampler } from '../../src/trace/sampling/parent-based-sampler.js'
import { RemoteSamplingLimit } from '../../src/trace/sampling/remote-sampling-limit.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { TagBaggage } from '../../src/trace/propagation/baggage.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import { SpanKind } from '../../src/trace/data/span-kind.js'
import { StatusCode } from '../../src/trace/data/status-code.js'
import { byName, paths, traced } from './tracer-fixture.js'

const T = '0af7651916cd43dd8448eb211c80319c'
const S = 'b7ad6b7169203331'
const VALID = `00-${T}-${S}-01`

function counted(family: string, ...labels: string[]): number {
  return internalMetrics.get(family)?.series.get(JSON.stringify(labels))?.count.value ?? 0
}

describe('a span around a callback', () => {
  test('returns the result of the callback: a value for a value, a promise for a promise', async () => {
    const { tracer } = traced()
    expect(tracer.span('sync', () => 42)).toBe(42)
    const promise = tracer.span('async', async () => 43)
    expect(promise).toBeInstanceOf(Promise)
    expect(await promise).toBe(43)
  })

  test('ends with the callback, or when its promise settles', async () => {
    const { tracer, sent, clock } = traced()
    tracer.span('sync', () => clock.advance(2.5))
    await tracer.span('async', async () => {
      await immediately()
      expect(sent).toHaveLength(1)
      clock.advance(7)
    })
    expect(sent.map(({ name, durationMs }) => [name, durationMs])).toEqual([
      ['sync', 2.5],
      ['async', 7],
    ])
  })

  test('has ended before the caller continues', async () => {
    const { tracer, sent } = traced()
    await tracer.span('a', async () => immediately()).then(() => expect(sent).toHaveLength(1))
  })

  test('has status and stack of an error, which is rethrown to the caller', async () => {
    const { tracer, sent } = traced()
    const failure = new Error('no cart')
    expect(() =>
      tracer.span('sync', () => {
        throw failure
      }),
    ).toThrow(failure)
    await expect(
      tracer.span('async', async () => {
        throw failure
      }),
    ).rejects.toBe(failure)
    for (const { status, stackTrace } of sent) {
      expect(status).toMatchObject({ code: StatusCode.UNKNOWN, message: 'no cart' })
      expect(stackTrace?.frames[0]?.fileName).toMatch(/tracer-core\.test\.ts$/)
    }
    expect(sent).toHaveLength(2)
  })

  test('keeps a status more specific than that of the error', () => {
    const { tracer, sent } = traced()
    const call = () =>
      tracer.span('a', (span) => {
        span.setStatus(StatusCode.NOT_FOUND, 'no such cart')
        throw new Error('x')
      })
    expect(call).toThrow('x')
    expect(sent[0]!.status).toMatchObject({ code: StatusCode.NOT_FOUND, message: 'no such cart' })
  })

  test('survives any thrown value', () => {
    const { tracer, sent } = traced()
    const hostile = Object.defineProperty({}, 'message', {
      get: () => {
        throw new Error('trap')
      },
    })
    for (const thrown of [undefined, null, 0, 'text', Symbol('s'), hostile, Object.create(null)]) {
      let caught: unknown = 'nothing'
      try {
        tracer.span('a', () => {
          throw thrown
        })
      } catch (error) {
        caught = error
      }
      expect(caught).toBe(thrown)
    }
    expect(sent.map(({ status }) => status.code)).toEqual(Array(7).fill(StatusCode.UNKNOWN))
  })

  test('may be ended within the callback', () => {
    const { tracer, sent } = traced()
    const before = counted('tallyscope_span_misuse_total', 'ended_twice')
    tracer.span('a', (span) => span.end())
    expect(sent).toHaveLength(1)
    expect(counted('tallyscope_span_misuse_total', 'ended_twice')).toBe(before)
  })

  test('enters the async context once, and restores it', () => {
    const { tracer } = traced()
    const { enterWith, run } = AsyncLocalStorage.prototype
    const entered: unknown[] = []
    let runs = 0
    AsyncLocalStorage.prototype.enterWith = function (this: AsyncLocalStorage<unknown>, store: unknown) {
      entered.push(store)
      enterWith.call(this, store)
    }
    AsyncLocalStorage.prototype.run = function (this: AsyncLocalStorage<unknown>, ...args: Parameters<typeof run>) {
      runs++
      return run.apply(this, args)
    } as typeof run
    const before = currentFrame()
    try {
      tracer.span('a', () => expect(entered).toStrictEqual([currentFrame()]))
    } finally {
      AsyncLocalStorage.prototype.enterWith = enterWith
      AsyncLocalStorage.prototype.run = run
    }
    expect(entered).toHaveLength(2)
    expect(currentFrame()).toBe(before)
    expect(runs).toBe(0)
  })
})

describe('misuse is harmless and counted', () => {
  test('ending twice', () => {
    const { tracer, sent } = traced()
    const before = counted('tallyscope_span_misuse_total', 'ended_twice')
    const span = tracer.startSpan('a')
    span.end()
    span.end()
    span.finish()
    expect(sent).toHaveLength(1)
    expect(counted('tallyscope_span_misuse_total', 'ended_twice')).toBe(before + 2)
  })

  test('using a span after its end', () => {
    const { tracer, sent } = traced()
    const before = counted('tallyscope_span_misuse_total', 'used_after_end')
    const span = tracer.startDetachedSpan('a')
    span.addAttribute('k', 1)
    span.end()
    span.addAttribute('late', 1).addAnnotation('late').addMessageEvent({ id: 1 }).addLink({ traceId: T, spanId: S })
    span.setStatus(StatusCode.INTERNAL).setName('late').recordError(new Error('late'))
    expect(sent[0]).toMatchObject({ name: 'a', attributes: { k: 1 }, annotations: [], messageEvents: [], links: [], status: { code: 0 } })
    expect(counted('tallyscope_span_misuse_total', 'used_after_end')).toBe(before + 7)
  })

  test('ending or describing the current span if there is none', () => {
    const { tracer } = traced()
    const before = counted('tallyscope_span_misuse_total', 'no_current_span')
    tracer.endSpan()
    tracer.addAttributeToCurrentSpan('k', 1)
    expect(counted('tallyscope_span_misuse_total', 'no_current_span')).toBe(before + 2)
  })

  test('samplers, propagators and transports that throw', () => {
    const throwing = () => {
      throw new Error('no')
    }
    const { tracer } = traced({
      sampler: { shouldSample: throwing },
      propagator: { inject: throwing, extract: throwing },
    })
    expect(tracer.startDetachedSpan('a').sampled).toBe(false)
    expect(tracer.inject({}, new SpanContext({ traceId: T, spanId: S }))).toEqual({})
    expect(tracer.extract({ traceparent: VALID })).toBeUndefined()
    const other = traced({ transport: { send: throwing, flush: async () => {}, shutdown: async () => {} } })
    const before = counted('tallyscope_spans_lost_total', 'transport_threw')
    other.tracer.span('a', () => {})
    expect(counted('tallyscope_spans_lost_total', 'transport_threw')).toBe(before + 1)
  })

  test('a function without a name runs in a span named as that of OpenCensus', () => {
    const { tracer, sent } = traced()
    expect(tracer.span((span) => [tracer.currentSpan() === span, span.name])).toEqual([true, 'span'])
    expect(sent.map(({ name }) => name)).toEqual(['span'])
  })

  test('invalid names and options', () => {
    const { tracer, sent } = traced()
    for (const name of [undefined, null, 42, {}, Symbol('s'), Object.create(null)]) tracer.startDetachedSpan(name as never).end()
    expect(sent.map(({ name }) => name)).toEqual(['span', 'null', '42', '[object Object]', 'Symbol(s)', 'span'])
    tracer.startDetachedSpan('x', { parent: 7 as never, startTimeUnixMs: Number.NaN, attributes: 5 as never }).end(Number.NaN)
    expect(sent.at(-1)).toMatchObject({ parentSpanId: undefined, durationMs: 0 })
    for (const wrong of [null, 5, 'x', { attributes: null, links: null }, { links: 5 }, { links: [null, 5] }])
      tracer.span('y', wrong as never, () => {})
    expect(sent.slice(-6)).toEqual(Array.from({ length: 6 }, () => expect.objectContaining({ name: 'y', attributes: {}, links: [] })))
  })

  test('distributions stop reading exemplars of a span that is never ended, and the gauge keeps counting it', () => {
    const openBefore = contextState.openSampledSpans
    const gauge = (): number => contextState.openSampledSpans + contextState.agedSampledSpans - openBefore
    const { tracer } = traced()
    const leaked = tracer.startDetachedSpan('leaked')
    let nowMs = systemClock.monotonicMs()
    const clock = vi.spyOn(systemClock, 'monotonicMs').mockImplementation(() => nowMs)
    const lookInVain = (): void => {
      nowMs += 300_000
      for (let i = 0; i < 1_024; i++) expect(exemplarLabels()).toBeUndefined()
    }
    try {
      for (let period = 0; period < 2; period++) {
        expect(contextState.openSampledSpans).toBeGreaterThan(0)
        lookInVain()
      }
      lookInVain()
      expect(contextState.openSampledSpans).toBe(0)
      expect(gauge()).toBe(1)
      const next = tracer.startDetachedSpan('next')
      expect([contextState.openSampledSpans, gauge()]).toEqual([1, 2])
      leaked.end()
      expect([contextState.openSampledSpans, gauge()]).toEqual([1, 1])
      next.end()
      expect([contextState.openSampledSpans, gauge()]).toEqual([0, 0])
    } finally {
      clock.mockRestore()
    }
  })

  test('the count of open sampled spans stays exact', () => {
    const before = contextState.openSampledSpans
    const { tracer } = traced()
    const a = tracer.startSpan('a')
    const b = tracer.startSpan('b')
    expect(contextState.openSampledSpans).toBe(before + 2)
    a.end()
    a.end()
    expect(contextState.openSampledSpans).toBe(before + 1)
    b.end()
    tracer.span('c', () => tracer.startDetachedSpan('d', { sampler: new AlwaysOffSampler() }).end())
    expect(contextState.openSampledSpans).toBe(before)
  })
})

describe('parents', () => {
  test('a caller in another process is continued, flags and tracestate too', () => {
    const { tracer, sent } = traced()
    const context = tracer.extract({ traceparent: VALID, tracestate: 'rojo=1' })
    expect(context).toMatchObject({ traceId: T, spanId: S, sampled: true, fromHeader: true })
    const headers = tracer.withRemoteParent(context, () => tracer.span('server', () => tracer.inject({}) as Record<string, string>))
    expect(sent[0]).toMatchObject({ traceId: T, parentSpanId: S, sameProcessAsParentSpan: false })
    expect(headers).toEqual({ traceparent: `00-${T}-${sent[0]!.spanId}-01`, tracestate: 'rojo=1' })
  })

  test('a caller that sends a trace id and no span id is continued without a parent', () => {
    const { tracer, sent } = traced()
    tracer.withRemoteParent(new SpanContext({ traceId: T, fromHeader: true }), () => tracer.span('server', () => {}))
    expect(sent[0]).toMatchObject({ traceId: T, parentSpanId: undefined, sameProcessAsParentSpan: undefined })
  })

  test('without a context, withRemoteParent begins a new trace, also inside of a span', () => {
    const { tracer, sent } = traced()
    tracer.span('outer', () => tracer.withRemoteParent(undefined, () => tracer.span('inner', () => {})))
    const { inner, outer } = byName(sent)
    expect(inner!.parentSpanId).toBeUndefined()
    expect(inner!.traceId).not.toBe(outer!.traceId)
  })

  test('a context given to the tracer is continued by spans without a current parent', () => {
    const { tracer, sent } = traced({ spanContext: new SpanContext({ traceId: T, spanId: S, sampled: true }) })
    expect(tracer.spanContext?.traceId).toBe(T)
    tracer.span('a', () => tracer.span('b', () => {}))
    expect(byName(sent)).toMatchObject({ a: { traceId: T, parentSpanId: S }, b: { traceId: T, parentSpanId: byName(sent).a!.spanId } })
  })

  test('a context without a span id sets the trace and no parent', () => {
    const { tracer, sent } = traced({ spanContext: new SpanContext({ traceId: T }) })
    tracer.span('a', () => {})
    expect(sent[0]).toMatchObject({ traceId: T, parentSpanId: undefined })
  })

  test('the parent may be a span, a context, plain data, or null for none', () => {
    const { tracer, sent } = traced()
    const parent = tracer.startDetachedSpan('parent')
    tracer.span('current', () => {
      tracer.startDetachedSpan('of span', { parent }).end()
      tracer.startDetachedSpan('of context', { parent: parent.context }).end()
      tracer.startDetachedSpan('of data', { parent: { traceId: T, spanId: S, sampled: true } as never }).end()
      tracer.startDetachedSpan('root', { parent: null }).end()
      parent.span('by itself').end()
    })
    parent.end()
    const spans = byName(sent)
    expect(spans['of span']!.parentSpanId).toBe(parent.spanId)
    expect(spans['of context']!.parentSpanId).toBe(parent.spanId)
    expect(spans['of data']).toMatchObject({ traceId: T, parentSpanId: S })
    expect(spans.root!.parentSpanId).toBeUndefined()
    expect(spans['by itself']!.parentSpanId).toBe(parent.spanId)
    // By its context alone nobody can count: the two are those that were given the span itself.
    expect(spans.parent!.childSpanCount).toBe(2)
  })

  test('a parent of another copy of the package is recognized by its shape', () => {
    const { tracer, sent } = traced()
    const foreign = {
      context: { traceId: T, spanId: S, options: 1, sampled: true, traceState: { toString: () => 'a=1' }, fromHeader: false },
    }
    tracer.startDetachedSpan('a', { parent: foreign as never }).end()
    expect(sent[0]).toMatchObject({ traceId: T, parentSpanId: S })
    expect(sent[0]!.context.traceState?.toString()).toBe('a=1')
  })

  test('untrusted callers are linked to, not continued, and their tags are dropped', () => {
    const { tracer, sent } = traced({ untrusted: true, baggage: new TagBaggage({ allow: ['tenant'] }) })
    const headers = { traceparent: VALID, tracestate: 'rojo=1', baggage: 'tenant=a' }
    tracer.withRemoteParent(tracer.extract(headers), () => tracer.span('server', () => {}))
    expect(sent[0]!.traceId).not.toBe(T)
    expect(sent[0]).toMatchObject({ parentSpanId: undefined, links: [{ traceId: T, spanId: S, type: 2 }] })
    expect(sent[0]!.context.traceState).toBeUndefined()
    expect(tracer.extractTags(headers)).toBe(TagMap.EMPTY)
  })

  test('trust can be set for each span', () => {
    const { tracer, sent } = traced()
    const parent = tracer.extract({ traceparent: VALID })
    tracer.startDetachedSpan('untrusted', { parent, untrusted: true }).end()
    tracer.startDetachedSpan('trusted', { parent, untrusted: false }).end()
    expect(sent.map(({ traceId }) => traceId === T)).toEqual([false, true])
  })

  test('a caller that marks everything as sampled does not overrule a sampler that refuses', () => {
    const { tracer, sent } = traced({ sampler: new AlwaysOffSampler() })
    const headers = tracer.withRemoteParent(tracer.extract({ traceparent: VALID }), () =>
      tracer.span('a', () => tracer.inject({})),
    ) as Record<string, string>
    expect(sent).toEqual([])
    expect(headers.traceparent).toMatch(new RegExp(`^00-${T}-[\\da-f]{16}-00$`))
  })
})

describe('sampling', () => {
  test('a span may have its own sampler', () => {
    const { tracer, sent } = traced({ sampler: new AlwaysOffSampler() })
    tracer.span('off', () => tracer.span('on', { sampler: new AlwaysOnSampler() }, () => tracer.span('below', () => {})))
    expect(sent.map(({ name }) => name)).toEqual(['below', 'on'])
  })

  test('the sampler gets trace id, parent, name and kind, and is not called for local children', () => {
    const asked: unknown[] = []
    const { tracer } = traced({
      sampler: {
        shouldSample: ({ traceId, sampled, parent, name, kind }) => {
          asked.push([/^[\da-f]{32}$/.test(traceId), sampled, parent?.spanId, name, kind])
          return true
        },
      },
    })
    tracer.span('root', { kind: SpanKind.SERVER }, () => tracer.span('child', () => {}))
    tracer.withRemoteParent(tracer.extract({ traceparent: VALID }), () => tracer.span('server', () => {}))
    expect(asked).toEqual([
      [true, false, undefined, 'root', SpanKind.SERVER],
      [true, true, S, 'server', SpanKind.UNSPECIFIED],
    ])
  })

  test('shouldSample decides for the current span, for the given context, or for a new trace', () => {
    expect(traced().tracer.shouldSample()).toBe(true)
    expect(traced({ sampler: new ProbabilitySampler(0) }).tracer.shouldSample()).toBe(false)
    const sampled = new SpanContext({ traceId: T, spanId: S, sampled: true })
    expect(traced({ sampler: new ProbabilitySampler(0), spanContext: sampled }).tracer.shouldSample()).toBe(true)
    const { tracer } = traced({ sampler: new AlwaysOffSampler() })
    tracer.span('a', { sampler: new AlwaysOnSampler() }, () => expect(tracer.shouldSample()).toBe(true))
  })

  test('an unsampled span propagates its trace, with an id made at the first read', () => {
    const { tracer } = traced({ sampler: new ProbabilitySampler(0) })
    tracer.span('a', (span) => {
      const { traceparent } = tracer.inject({}) as { traceparent: string }
      expect(traceparent).toBe(`00-${span.traceId}-${span.spanId}-00`)
      expect(span.spanId).toBe(span.context.spanId)
      tracer.span('b', (child) => {
        expect(child.traceId).toBe(span.traceId)
        expect(child.spanId).not.toBe(span.spanId)
      })
    })
  })
})

describe('tracer options', () => {
  test('default attributes are on every span, and are replaced by its own', () => {
    const { tracer, sent } = traced({ defaultAttributes: { host: 'a', zone: 1 } })
    tracer.span('x', { attributes: { zone: 2, k: true } }, () => {})
    expect(sent[0]!.attributes).toEqual({ host: 'a', zone: 2, k: true })
  })

  test('limits drop the oldest entries, and count them in the span and in the process', () => {
    const { tracer, sent } = traced({ limits: { attributes: 2, annotations: 1, messageEvents: 1, links: 0 } })
    const before = counted('tallyscope_span_items_dropped_total', 'attribute', 'limit')
    tracer.span('x', (span) => {
      span.addAttributes({ a: 1, b: 2, c: 3 }).addAnnotation('one').addAnnotation('two')
      span.addMessageEvent({ id: 1 }).addMessageEvent({ id: 2 }).addLink({ traceId: T, spanId: S })
    })
    expect(sent[0]!.attributes).toEqual({ b: 2, c: 3 })
    expect(sent[0]!.annotations.map(({ description }) => description)).toEqual(['two'])
    expect(sent[0]!.messageEvents.map(({ id }) => id)).toEqual([2])
    expect(sent[0]!.dropped).toEqual({ attributes: 1, annotations: 1, messageEvents: 1, links: 1 })
    expect(counted('tallyscope_span_items_dropped_total', 'attribute', 'limit')).toBe(before + 1)
  })

  test('attributes of annotations and links that are dropped are counted too', () => {
    const { tracer, sent } = traced({ limits: { attributes: 2 } })
    const before = ['limit', 'type'].map((reason) => counted('tallyscope_span_items_dropped_total', 'attribute', reason))
    tracer.span('x', (span) => {
      span.addAnnotation('a', { list: [], a: 1, b: 2, c: 3 })
      span.addLink({ traceId: T, spanId: S, attributes: { nothing: undefined, a: 1, b: 2, c: 3, d: 4 } })
    })
    expect([sent[0]!.annotations[0]!.attributes, sent[0]!.links[0]!.attributes]).toEqual([
      { b: 2, c: 3 },
      { c: 3, d: 4 },
    ])
    const after = ['limit', 'type'].map((reason) => counted('tallyscope_span_items_dropped_total', 'attribute', reason))
    expect(after.map((count, at) => count - before[at]!)).toEqual([3, 2])
  })

  test('by default 32 attributes, 32 annotations, 128 message events and 32 links fit', () => {
    const { tracer, sent } = traced()
    tracer.span('x', (span) => {
      for (let at = 0; at < 200; at++)
        span.addAttribute(`k${at}`, at).addAnnotation('a').addMessageEvent({ id: at }).addLink({ traceId: T, spanId: S })
    })
    const { attributes, annotations, messageEvents, links, dropped } = sent[0]!
    expect([Object.keys(attributes).length, annotations.length, messageEvents.length, links.length]).toEqual([32, 32, 128, 32])
    expect(dropped).toEqual({ attributes: 168, annotations: 168, messageEvents: 72, links: 168 })
  })

  test('the flag of random trace ids is set on request, and always propagated', () => {
    const traceparent = (options: { randomTraceIdFlag?: boolean }) => {
      const { tracer } = traced(options)
      return tracer.span('a', () => tracer.span('b', () => tracer.inject({}))) as { traceparent: string }
    }
    expect(traceparent({}).traceparent).toMatch(/-01$/)
    expect(traceparent({ randomTraceIdFlag: true }).traceparent).toMatch(/-03$/)
    const { tracer } = traced()
    const passed = tracer.withRemoteParent(tracer.extract({ traceparent: `00-${T}-${S}-03` }), () =>
      tracer.span('a', () => tracer.inject({})),
    )
    expect((passed as { traceparent: string }).traceparent).toMatch(/-03$/)
  })
})

describe('context and tags', () => {
  test('inject writes the current span, a given one, a continued context, or nothing', () => {
    const { tracer } = traced()
    expect(tracer.inject({})).toEqual({})
    const span = tracer.startDetachedSpan('a')
    expect(tracer.inject({}, span)).toEqual({ traceparent: `00-${span.traceId}-${span.spanId}-01` })
    tracer.withRemoteParent(tracer.extract({ traceparent: VALID }), () => expect(tracer.inject({})).toEqual({ traceparent: VALID }))
  })

  test('allowed tags are propagated in baggage', () => {
    const { tracer } = traced({ baggage: new TagBaggage({ allow: ['tenant'] }) })
    const headers = withTags(TagMap.of({ tenant: 'a', secret: 'b' }), () => tracer.span('x', () => tracer.inject({}))) as Record<
      string,
      string
    >
    expect(headers.baggage).toBe('tenant=a')
    expect([...tracer.extractTags(headers)]).toEqual([['tenant', 'a']])
  })

  test('inside of an exporter nothing is traced, measured or injected', () => {
    const { tracer, sent, stats } = traced()
    tracer.registerViews()
    runSuppressed(() => {
      tracer.span('hidden', () => {
        tracer.startDetachedSpan('hidden too', { sampler: new AlwaysOnSampler() }).end()
        expect(tracer.inject({})).toEqual({})
      })
    })
    expect(sent).toEqual([])
    expect(stats.viewManager.getView('span/latency')?.rows).toEqual([])
  })

  test('storeTracer makes the tracer available to code further down', async () => {
    const one = traced().tracer
    const two = traced().tracer
    expect(two.getTracer()).toBe(two)
    await one.span('scope', async () => {
      one.storeTracer()
      await immediately()
      two.span('inner', () => expect(two.getTracer()).toBe(one))
      expect(one.currentSpan()?.name).toBe('scope')
    })
    expect(two.getTracer()).toBe(two)
  })

  test('finish ends what startSpan opened here and flushes', async () => {
    const { tracer, sent, transport } = traced()
    await tracer.span('outer', async (outer) => {
      tracer.startSpan('a')
      tracer.startSpan('b')
      await tracer.finish()
      expect(sent.map(({ name }) => name)).toEqual(['b', 'a'])
      expect(outer.ended).toBe(false)
    })
    expect(transport.flushes).toBe(1)
    expect(paths(sent)).toEqual(['outer', 'outer/a', 'outer/a/b'])
  })
})

describe('times', () => {
  test('wall times derive from one read of the clock, durations from the monotonic one', () => {
    const { tracer, sent, clock } = traced()
    clock.wallMs = Date.UTC(2024, 0, 15, 10, 30, 15, 123)
    tracer.span('a', (span) => {
      clock.advance(0.25)
      span.addAnnotation('quarter')
      clock.wallMs -= 3_600_000 // somebody sets the clock
      clock.advance(0.25)
    })
    expect(sent[0]).toMatchObject({ durationMs: 0.5, startTimeUnixMs: Date.UTC(2024, 0, 15, 10, 30, 15, 123) })
    expect(sent[0]!.annotations[0]!.timeUnixMs - sent[0]!.startTimeUnixMs).toBe(0.25)
    expect(sent[0]!.startTime.toISOString()).toBe('2024-01-15T10:30:15.123Z')
    expect(sent[0]!.toJSON().spans[0]).toMatchObject({ startTime: '2024-01-15T10:30:15.123000Z', endTime: '2024-01-15T10:30:15.123500Z' })
  })

  test('after the clock is set, new traces follow it and running ones do not', () => {
    const { tracer, sent, clock } = traced()
    const parent = tracer.startDetachedSpan('parent')
    clock.wallMs += 3_600_000
    clock.advance(5_000)
    tracer.startDetachedSpan('child', { parent }).end()
    tracer.startDetachedSpan('later').end()
    parent.end()
    const spans = byName(sent)
    expect(spans.child!.startTimeUnixMs - spans.parent!.startTimeUnixMs).toBe(5_000)
    expect(spans.later!.startTimeUnixMs - spans.parent!.startTimeUnixMs).toBe(3_605_000)
  })

  test('start and end times may be given', () => {
    const { tracer, sent } = traced()
    const at = Date.UTC(2020, 0, 1)
    tracer.startDetachedSpan('a', { startTimeUnixMs: at }).end(at + 12.5)
    expect(sent[0]!.startTimeUnixMs).toBeCloseTo(at, 3)
    expect(sent[0]!.durationMs).toBeCloseTo(12.5, 3)
    tracer.startDetachedSpan('backwards', { startTimeUnixMs: at }).end(at - 1)
    expect(sent[1]!.durationMs).toBe(0)
  })
})

describe('a remote caller', () => {
  const remote = (options: number, traceId = T) => new SpanContext({ traceId, spanId: S, options, fromHeader: true })
  const LOWEST = '0af7651916cd43dd0000000000000001'

  test('decides ten times a second what is sampled, if there is a limit', () => {
    const clock = new ManualClock()
    const { tracer, sent: spans } = traced({ sampler: new AlwaysOffSampler(), clock })
    const limited = new ParentBasedSampler({ root: new AlwaysOffSampler() })
    const remoteLimit = new RemoteSamplingLimit(clock)
    const serve = (times: number): number => {
      const before = spans.length
      for (let i = 0; i < times; i++) tracer.startDetachedSpan('served', { parent: remote(1), sampler: limited, remoteLimit }).end()
      return spans.length - before
    }
    expect(serve(1_000)).toBe(10)
    clock.advance(500)
    expect(serve(1_000)).toBe(5)
    expect(spans[0]).toMatchObject({ traceId: T, parentSpanId: S }) // the trace is continued all the same
  })

  test('that does not sample is not sampled by a sampler that follows the parent, with or without a limit', () => {
    const { tracer, sent: spans } = traced({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) })
    for (const remoteLimit of [undefined, new RemoteSamplingLimit()])
      tracer.startDetachedSpan('served', { parent: remote(0), remoteLimit }).end()
    expect(spans).toEqual([])
    tracer.startDetachedSpan('own').end()
    expect(spans).toHaveLength(1)
  })

  test('does not choose by its trace id what is sampled, if there is a limit', () => {
    const { tracer, sent: spans } = traced({ sampler: new ProbabilitySampler(1e-4) })
    const remoteLimit = new RemoteSamplingLimit()
    for (let i = 0; i < 100; i++) tracer.startDetachedSpan('served', { parent: remote(0, LOWEST), remoteLimit }).end()
    expect(spans.length).toBeLessThan(3)
    tracer.startDetachedSpan('trusted', { parent: remote(0, LOWEST) }).end()
    expect(spans.at(-1)?.name).toBe('trusted')
  })
})

describe('strings of callers', () => {
  const LONG = 'ü'.repeat(100_000)

  test('the name of a span is cut to 256 code points when it is set, and counted', () => {
    const before = counted('tallyscope_span_strings_cut_total', 'name')
    const { tracer, sent: spans } = traced()
    tracer.startDetachedSpan(LONG).end()
    tracer.startDetachedSpan('short').setName(LONG).end()
    tracer.startDetachedSpan('😀'.repeat(256)).end()
    expect(spans.map(({ name }) => name)).toEqual(['ü'.repeat(256), 'ü'.repeat(256), '😀'.repeat(256)])
    expect(counted('tallyscope_span_strings_cut_total', 'name') - before).toBe(2)
  })

  test('keys of attributes, descriptions and messages are cut in the same way', () => {
    const before = ['attribute_key', 'message'].map((item) => counted('tallyscope_span_strings_cut_total', item))
    const { tracer, sent: spans } = traced()
    tracer
      .startDetachedSpan('a')
      .addAttribute(LONG, 1)
      .addAnnotation(LONG, { [LONG]: 2 })
      .setStatus(StatusCode.UNKNOWN, LONG)
      .end()
    const [span] = spans
    expect(Object.keys(span!.attributes)).toEqual(['ü'.repeat(256)])
    expect(span!.annotations[0]).toMatchObject({ description: 'ü'.repeat(4_096), attributes: { ['ü'.repeat(256)]: 2 } })
    expect(span!.status.message).toBe('ü'.repeat(4_096))
    const after = ['attribute_key', 'message'].map((item) => counted('tallyscope_span_strings_cut_total', item))
    expect(after.map((count, at) => count - before[at]!)).toEqual([2, 2])
  })
})
