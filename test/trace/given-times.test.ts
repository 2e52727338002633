import { describe, expect, test } from 'vitest'
import { AlwaysOffSampler } from '../../src/trace/sampling/constant-samplers.js'
import { traced } from './tracer-fixture.js'

describe('times that the program passes', () => {
  test('in the future change neither the given start nor the times of other spans', () => {
    const { tracer, sent, clock } = traced()
    tracer.startDetachedSpan('before').end()
    const future = clock.wallMs + 5_000
    tracer.startDetachedSpan('future', { startTimeUnixMs: future }).end()
    tracer.startDetachedSpan('microseconds', { startTimeUnixMs: future * 1_000 }).end()
    clock.advance(10)
    tracer.startDetachedSpan('after').end()
    expect(sent.map(({ name, startTimeUnixMs }) => [name, startTimeUnixMs])).toEqual([
      ['before', clock.wallMs - 10],
      ['future', future],
      ['microseconds', future * 1_000],
      ['after', clock.wallMs],
    ])
  })

  test('of a child are kept if the clock was set after its parent had begun', () => {
    const { tracer, sent, clock } = traced()
    const parent = tracer.startDetachedSpan('parent')
    clock.wallMs += 3_600_000
    clock.advance(5_000)
    tracer.startDetachedSpan('later').end() // reads the clock that was set
    const at = clock.wallMs - 500
    tracer.startDetachedSpan('child', { parent, startTimeUnixMs: at }).end(at + 100)
    expect(sent.at(-1)).toMatchObject({ name: 'child', startTimeUnixMs: at, durationMs: 100 })
  })
})

describe('the start time of a span that is not sampled', () => {
  test('is the same whenever it is read', () => {
    const { tracer, clock } = traced({ sampler: new AlwaysOffSampler() })
    tracer.registerViews()
    const begun = clock.wallMs
    const span = tracer.startDetachedSpan('first')
    clock.advance(5_000)
    expect(span.startTimeUnixMs).toBe(begun)
    const second = tracer.startDetachedSpan('second')
    clock.advance(60_000)
    expect(second.startTimeUnixMs).toBe(begun + 5_000)
    expect(span.startTimeUnixMs).toBe(begun)
  })
})
