import { expect, test } from 'vitest'
import { AlwaysOffSampler, AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { estimateSize } from '../../../src/exporters/transport/estimate-size.js'

function source(reads: string[] = []) {
  return {
    bytes: 40,
    addTo(add: (key: string, value: unknown) => void) {
      reads.push('reads')
      add('first', 1)
      add('second', 'two')
    },
  }
}

function sampled(options = {}) {
  const exporter = new MemoryExporter<SpanData>()
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats: new Stats(), ...options })
  return { tracer, spans: exporter.items as SpanData[] }
}

test('lazy attributes are computed at the first read, once, also after the end', () => {
  const { tracer, spans } = sampled()
  const reads: string[] = []
  tracer.startDetachedSpan('a').addLater(source(reads)).end()
  expect(reads).toEqual([])
  expect(spans[0]!.attributes).toEqual({ first: 1, second: 'two' })
  expect(spans[0]!.toJSON().spans).toHaveLength(1)
  expect(reads).toEqual(['reads'])
})

test('lazy attributes come before attributes that are set explicitly, which replace them', () => {
  const { tracer, spans } = sampled()
  tracer.startDetachedSpan('a').addLater(source()).addAttribute('second', 'new').addAttribute('third', true).end()
  expect(Object.entries(spans[0]!.attributes)).toEqual([
    ['first', 1],
    ['second', 'new'],
    ['third', true],
  ])
})

test('the limit of attributes applies to lazy ones, and default attributes come first', () => {
  const { tracer, spans } = sampled({ limits: { attributes: 2 }, defaultAttributes: { service: 'shop' } })
  tracer.startDetachedSpan('a').addLater(source()).end()
  expect(Object.keys(spans[0]!.attributes)).toEqual(['first', 'second'])
  expect(spans[0]!.dropped.attributes).toBe(1)
})

test('the summary of running spans has lazy attributes', () => {
  const { tracer } = sampled()
  tracer.startDetachedSpan('a').addLater(source())
  expect(tracer.summary()[0]!.running[0]!.attributes).toEqual({ first: 1, second: 'two' })
})

test('unsampled and ended spans ignore lazy attributes', () => {
  const reads: string[] = []
  sampled({ sampler: new AlwaysOffSampler() }).tracer.startDetachedSpan('a').addLater(source(reads)).end()
  const { tracer, spans } = sampled()
  const span = tracer.startDetachedSpan('b')
  span.end()
  span.addLater(source(reads))
  expect(spans[0]!.attributes).toEqual({})
  expect(reads).toEqual([])
})

test('the size of a span is estimated without computing its attributes, and is close to theirs', () => {
  const { tracer, spans } = sampled()
  const reads: string[] = []
  tracer.startDetachedSpan('later').addLater(source(reads)).end()
  tracer.startDetachedSpan('by hand').addAttribute('text', 'x'.repeat(1_000)).end()
  tracer.startDetachedSpan('noted').addAttribute('text', 'x'.repeat(1_000)).addAnnotation('y'.repeat(500)).end()
  expect(estimateSize(spans[0])).toBe(500 + 'later'.length + 40)
  expect(reads).toEqual([])
  expect(estimateSize(spans[1]) - estimateSize(spans[0])).toBeGreaterThan(900)
  expect(estimateSize(spans[2]) - estimateSize(spans[1])).toBeGreaterThan(500)
})
