import { fc } from '../../fast-check.js'
import { describe, expect, test } from 'vitest'
import { AlwaysOffSampler, AlwaysOnSampler } from '../../../src/trace/sampling/constant-samplers.js'
import { ParentBasedSampler } from '../../../src/trace/sampling/parent-based-sampler.js'
import { ProbabilitySampler } from '../../../src/trace/sampling/probability-sampler.js'
import { RateLimitingSampler } from '../../../src/trace/sampling/rate-limiting-sampler.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { HandClock } from '../tracer-fixture.js'

const asParent = (sampled: boolean) => ({ traceId: 'f'.repeat(32), sampled, parent: new SpanContext({ spanId: '1'.repeat(16), sampled }) })
const asRoot = { traceId: 'f'.repeat(32), sampled: false }

describe('ProbabilitySampler', () => {
  test('decides exactly as 64-bit integer arithmetic does', () => {
    const rates = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0.5, 0.25, 1e-18, 1 - 2 ** -53, 5e-324, 2 ** -64))
    const low = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(rates, low, (rate, id) => {
        const threshold = BigInt(Math.floor(rate * 2 ** 64))
        for (const each of [id, threshold, threshold + 1n].filter((value) => value < 2n ** 64n)) {
          const traceId = `0123456789abcdef${each.toString(16).padStart(16, '0')}`
          const wanted = rate !== 0 && (rate === 1 || each <= threshold)
          expect(new ProbabilitySampler(rate).shouldSample({ traceId, sampled: false })).toBe(wanted)
          expect(new ProbabilitySampler(rate).shouldSample(new SpanContext({ traceId }))).toBe(wanted)
        }
      }),
    )
  })

  test('samples its share of random traces', () => {
    const sampler = new ProbabilitySampler(0.25)
    let sampled = 0
    for (let at = 0; at < 20_000; at++) if (sampler.shouldSample(new SpanContext())) sampled++
    expect(sampled / 20_000).toBeCloseTo(0.25, 1)
  })

  test('keeps a sampled parent, also at rate 0', () => {
    expect(new ProbabilitySampler(0).shouldSample(asParent(true))).toBe(true)
    expect(new ProbabilitySampler(0).shouldSample({ traceId: '0'.repeat(32), sampled: false })).toBe(false)
  })

  test('samples one in 10 000 by default, and accepts an object with the rate as OpenCensus does', () => {
    expect(new ProbabilitySampler().rate).toBe(1e-4)
    expect(new ProbabilitySampler({ rate: 0.5 }).rate).toBe(0.5)
  })

  test.each([-0.1, 1.1, Number.NaN, Infinity, '0.5', null, true])('refuses the rate %s', (rate) => {
    expect(() => new ProbabilitySampler(rate as number)).toThrow(expect.objectContaining({ code: 'ERR_SAMPLING_RATE' }))
  })

  test('does not sample without a trace id', () => {
    expect(new ProbabilitySampler(0.999).shouldSample({ traceId: 'nonsense', sampled: false })).toBe(false)
  })
})

describe('RateLimitingSampler', () => {
  test('samples no more than its rate and its burst, regardless of parents', () => {
    const clock = new HandClock()
    const sampler = new RateLimitingSampler({ perSecond: 2, clock })
    const sampled = (asked: number) => Array.from({ length: asked }, () => sampler.shouldSample()).filter(Boolean).length
    expect(sampled(100)).toBe(2)
    clock.advance(500)
    expect(sampled(100)).toBe(1)
    clock.advance(60_000)
    expect(sampled(100)).toBe(2)
  })

  test('a rate below one a second samples eventually', () => {
    const clock = new HandClock()
    const sampler = new RateLimitingSampler({ perSecond: 0.1, clock })
    let sampled = 0
    for (let second = 0; second < 100; second++) {
      if (sampler.shouldSample()) sampled++
      clock.advance(1_000)
    }
    expect(sampled).toBe(10)
  })

  test('a rate of 0 samples nothing', () => {
    expect(new RateLimitingSampler(0).shouldSample()).toBe(false)
  })

  test('refuses invalid rates and bursts', () => {
    for (const options of [{ perSecond: -1 }, { perSecond: Number.NaN }, { perSecond: Infinity }, { burst: 0 }]) {
      expect(() => new RateLimitingSampler(options)).toThrow(expect.objectContaining({ code: 'ERR_SAMPLING_RATE' }))
    }
  })
})

describe('ParentBasedSampler', () => {
  test('follows the parent, and calls the other sampler only for new traces', () => {
    const on = new ParentBasedSampler({ root: new AlwaysOnSampler() })
    const off = new ParentBasedSampler({ root: new AlwaysOffSampler() })
    expect([asRoot, asParent(true), asParent(false)].map((input) => on.shouldSample(input))).toEqual([true, true, false])
    expect([asRoot, asParent(true), asParent(false)].map((input) => off.shouldSample(input))).toEqual([false, true, false])
  })

  test('may have samplers for either parent', () => {
    const sampler = new ParentBasedSampler({
      root: new AlwaysOffSampler(),
      sampledParent: new AlwaysOffSampler(),
      unsampledParent: new AlwaysOnSampler(),
    })
    expect([asRoot, asParent(true), asParent(false)].map((input) => sampler.shouldSample(input))).toEqual([false, false, true])
  })
})

test('samplers have a description', () => {
  const texts = [new AlwaysOnSampler(), new AlwaysOffSampler(), new ProbabilitySampler(0.5), new RateLimitingSampler(3)].map(
    ({ description }) => description,
  )
  expect(texts).toEqual(['always_on', 'always_off', 'probability(0.5)', 'rate_limiting(3)'])
  expect(new ParentBasedSampler({ root: new ProbabilitySampler(0.5) }).description).toBe('parent_based(probability(0.5))')
})
