// The calls of ours that docs/from-opentelemetry.md and docs/from-opencensus.md name exist, and so do those of theirs.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as opencensus from '@opencensus/core'
import * as opentelemetry from '@opentelemetry/api'
import { describe, expect, test } from 'vitest'
import * as prometheus from '../../src/exporters/prometheus/index.js'
import * as otlp from '../../src/exporters/otlp/index.js'
import * as fastify from '../../src/integrations/fastify/index.js'
import * as httpClient from '../../src/integrations/http-client/index.js'
import * as httpServer from '../../src/integrations/http-server/index.js'
import * as tallyscope from '../../src/index.js'

/** The cells of the tables of a page below one heading, without the heads of the tables. */
function cells(page: string, from: string, to = '\n## nothing'): readonly (readonly string[])[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8')
  const part = text.slice(text.indexOf(from)).split(to)[0]!
  const lines = part.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !/^\| Open\w+ \|/.test(line))
  return lines.map((line) => line.split(' | '))
}

const calls = (text: string): string[] => [...text.matchAll(/(?<![\w-])([A-Za-z]\w+)\(/g)].map(([, name]) => name!)
/** The names of an object, with those of its prototypes. */
function names(of: object): string[] {
  const prototype: object | null = Object.getPrototypeOf(of)
  return [...Object.getOwnPropertyNames(of), ...(prototype === null ? [] : names(prototype))]
}

const registry = new tallyscope.MetricRegistry()
const stats = new tallyscope.Stats()
const tracer = new tallyscope.Tracer({ stats, exporter: 'none', sampler: new tallyscope.AlwaysOnSampler() })
const ours = new Set(
  [
    ...[tallyscope, prometheus, otlp, fastify, httpClient, httpServer, tallyscope.TagMap, registry, stats, stats.viewManager],
    ...[stats.statsRecorder, tracer, tracer.startDetachedSpan('a'), registry.counter('a'), registry.gauge('b'), registry.histogram('c')],
    ...[registry.derivedGauge('d'), tallyscope.createTallyscope({ env: {} })],
  ].flatMap((part: object) => names(part)),
)

const meter = opentelemetry.createNoopMeter()
const span = opentelemetry.trace.getTracer('a').startSpan('a')
const { metrics, trace, context, propagation } = opentelemetry
const instruments = [meter.createCounter('a'), meter.createHistogram('b'), meter.createObservableGauge('c')]
const ofOpenTelemetry = new Set(
  [opentelemetry, metrics, trace, context, propagation, meter, span, trace.getTracer('a'), ...instruments].flatMap((part: object) =>
    names(part),
  ),
)
const ofOpenCensus = new Set(
  [opencensus, opencensus.globalStats, new opencensus.TagMap(), new opencensus.CoreTracer(), opencensus.Metrics].flatMap((part: object) =>
    names(part),
  ),
)

describe.each([
  [
    'from-opentelemetry.md',
    cells('from-opentelemetry.md', '## Metrics'),
    ofOpenTelemetry,
    /Sampler$|Exporter$|Reader$|Processor$|Provider$|SDK$/,
  ],
  ['from-opencensus.md', cells('from-opencensus.md', '## OpenCensus for Node', '## OpenCensus for Python'), ofOpenCensus, /Exporter$/],
] as const)('%s', (_page, rows, theirs, ofSdk) => {
  test('names calls of the other library that exist', () => {
    const named = rows.flatMap(([left]) => calls(left!)).filter((name) => !ofSdk.test(name) && !['start', 'shutdown'].includes(name))
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter((name) => !theirs.has(name))).toEqual([])
  })

  test('names calls of ours that exist', () => {
    const named = rows.flatMap(([, right]) => calls(right!))
    expect(named.length).toBeGreaterThan(15)
    expect(named.filter((name) => !ours.has(name))).toEqual([])
  })
})
