import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { mergeResources, resourceFromEnvironment } from '../../src/base/resource.js'
import { readConfiguration } from '../../src/setup/configuration/configuration.js'
import { jsonLine } from '../../src/exporters/json-lines.js'
import { formatOpenMetrics } from '../../src/exporters/prometheus/format/openmetrics-text.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { bridgeToRegistry } from '../../src/integrations/prom-client/bridge-to-registry.js'
import { fromRegistry } from '../../src/integrations/prom-client/from-registry.js'
import type { PromRegistry } from '../../src/integrations/prom-client/registry-shape.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { count } from '../../src/stats/views/aggregation.js'
import { withTags } from '../../src/stats/tags/current-tags.js'
import { decodeTagsBinary, encodeTagsBinary } from '../../src/stats/tags/tag-codec-binary.js'
import { decodeTagsText, encodeTagsText } from '../../src/stats/tags/tag-codec-text.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import { TagMap, type Tags } from '../../src/stats/tags/tag-map.js'
import { formatBaggage, parseBaggage, TagBaggage } from '../../src/trace/propagation/baggage.js'
import { getterOf } from '../../src/trace/propagation/carrier.js'
import { traceDocuments } from '../../src/trace/data/span-json.js'
import { engine } from '../stats/engine.js'
import { traced } from '../trace/tracer-fixture.js'

const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'polluted']
const BUILT_IN = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  Symbol,
  Map,
  Set,
  WeakMap,
  Promise,
  Error,
  RegExp,
  Date,
  Buffer,
  Float64Array,
  Int32Array,
  URL,
  Headers,
]

/** Everything that can be seen of the built-in classes and their prototypes, one after the other. */
function builtIns(): unknown[] {
  return [JSON, Math, Reflect, ...BUILT_IN.flatMap((one) => [one, one.prototype as object])].flatMap((one) => {
    const own = Object.getOwnPropertyDescriptors(one) as Record<PropertyKey, PropertyDescriptor>
    return [Object.getPrototypeOf(one), ...Reflect.ownKeys(own).flatMap((key) => [key, ...Object.values(own[key]!)])]
  })
}

/** Own properties of these names, as JSON.parse makes them. */
const hostile = (value: unknown): Record<string, never> =>
  JSON.parse(`{${KEYS.map((key) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`)

/** Runs it with texts and with objects in all hostile places; what it throws by the rules of a definition is no matter here. */
async function expectHarmless(use: (tags: Record<string, never>) => unknown): Promise<void> {
  const before = builtIns()
  for (const value of ['polluted', { polluted: 'yes', prototype: { polluted: 'yes' } }, ['polluted'], null, 1]) {
    try {
      await use(hostile(value))
    } catch (error) {
      expect(error).toMatchObject({ name: 'DefinitionError' })
    }
    const after = builtIns()
    expect([after.length, after.findIndex((one, at) => !Object.is(one, before[at]))]).toEqual([before.length, -1])
    expect([{}, [], () => {}].map((one) => (one as { polluted?: unknown }).polluted)).toEqual([undefined, undefined, undefined])
  }
}

test('the check detects the pollution of an unsafe merge', async () => {
  const merge = (into: Record<string, unknown>, from: Record<string, unknown>): void => {
    for (const key of Object.keys(from)) {
      if (typeof from[key] === 'object' && from[key] !== null && key === '__proto__')
        merge(into[key] as Record<string, unknown>, from[key] as Record<string, unknown>)
      else if (key === 'polluted') into[key] = from[key]
    }
  }
  try {
    await expect(expectHarmless((tags) => merge({}, tags))).rejects.toThrow()
  } finally {
    delete (Object.prototype as { polluted?: unknown }).polluted
  }
})

test('tags, tag maps, attachments and labels pollute no prototype, however they are given', async () => {
  await expectHarmless((tags) => {
    const { stats } = engine()
    const measure = stats.measure('m') as Measure
    const keys = ['constructor', 'prototype', 'toString', 'hasOwnProperty', 'polluted']
    stats.viewManager.registerView({ name: 'v', measure, tagKeys: keys, aggregation: count() })
    const map = TagMap.of(tags, { ttl: tags }).with(tags, { ttl: tags })
    expect([map.get('valueOf'), map.has('valueOf'), map.ttl('valueOf')]).toEqual([undefined, false, undefined])
    stats.record(measure, 1, tags as Tags, tags)
    stats.record(measure, 1, map, tags)
    stats.bind(measure, tags as Tags).record(1, tags)
    withTags(map, () => stats.record(measure, 1))
    const batch = stats.statsRecorder.newMeasurementMap().put(measure, 1)
    for (const key of KEYS) batch.putAttachment(key, 'x')
    batch.record(tags as Tags)
    stats.viewManager.removeRows('v', tags as Tags)
    const registry = new MetricRegistry()
    const gauge = registry.gauge('g', { labelKeys: keys })
    gauge.set(1, tags)
    gauge.timeSeries(tags).add(1)
    gauge.remove(tags)
    registry.info('i', { labelKeys: keys }).set(tags)
    const metrics = [...stats.getMetrics(), ...(registry.getMetrics() as readonly Metric[])]
    for (const metric of metrics) jsonLine(metric)
    formatText(metrics)
    formatOpenMetrics(metrics)
  })
})

test('definitions with hostile keys and values pollute no prototype', async () => {
  await expectHarmless((given) => new MetricRegistry({ constantLabels: given }).gauge('g').set(1))
  await expectHarmless((given) => new MetricRegistry().gauge('g', { constantLabels: given, ...given }))
  await expectHarmless((given) => new MetricRegistry({ ...given, limits: given }).cumulative('c'))
  await expectHarmless((given) => {
    const { stats } = engine()
    const measure = stats.measure('m', given) as Measure
    stats.viewManager.registerView({ name: 'v', measure, tagKeys: KEYS.slice(1, 5), tagValues: given, aggregation: count(), ...given })
  })
})

test('configuration from code, environment and JSON pollutes no prototype', async () => {
  await expectHarmless((given) => {
    for (const code of [
      given,
      { traces: given },
      { traces: { sampler: given, exporters: [given], propagator: given } },
      { resource: given },
      { OPENCENSUS: { TRACE: given } },
    ]) {
      readConfiguration({
        code,
        env: given,
        file: { name: 'f', text: JSON.stringify(code).replace('{', `{"__proto__":${JSON.stringify(given)},`) },
      })
    }
  })
  const resource = { labels: hostile('x') }
  await expectHarmless(() => expect(Object.keys(mergeResources([resource, resource]).labels)).toEqual(KEYS))
  const text = KEYS.map((key) => `${key}=polluted`).join(',')
  await expectHarmless(() => resourceFromEnvironment({ OTEL_RESOURCE_ATTRIBUTES: text, OC_RESOURCE_LABELS: text }))
})

test('baggage and tags from headers and binary forms pollute no prototype', async () => {
  const pairs = KEYS.map((key) => [key, 'polluted'] as const)
  const header = formatBaggage(pairs)
  await expectHarmless(() => {
    expect(parseBaggage(header)).toEqual(pairs)
    const tags = new TagBaggage({ allow: KEYS }).extract(getterOf({ baggage: header }))
    expect([...tags.with({})].map(([key]) => key)).toEqual(expect.arrayContaining(['constructor', 'polluted']))
    const [text, bytes] = [encodeTagsText(tags)!, encodeTagsBinary(tags)!]
    for (const back of [decodeTagsText(text)!, decodeTagsBinary(bytes)!, decodeTagsText(pairs.map((pair) => pair.join('=')).join(','))!]) {
      expect(back.get('polluted')).toBe('polluted')
      expect(Object.getPrototypeOf(back.record)).toBe(null)
    }
    const into: Record<string, string> = {}
    new TagBaggage({ allow: KEYS }).inject(tags, (name, value) => (into[name] = value))
    expect(Object.keys(into)).toEqual(['baggage'])
  })
  await expectHarmless((headers) => {
    const { tracer } = traced()
    for (const carrier of [headers, new Map(Object.entries(headers)), Object.entries(headers), { headers }]) tracer.extract(carrier)
    tracer.inject(headers)
  })
})

test('attributes of spans, annotations and links pollute no prototype, and come back from JSON unchanged', async () => {
  await expectHarmless((given) => {
    const { tracer, sent } = traced()
    tracer.span('s', (span) => {
      span.addAttributes(given)
      for (const key of KEYS) span.addAttribute(key, 'x')
      span.addAnnotation('a', given)
    })
    const back = JSON.parse(JSON.stringify(traceDocuments(sent)))
    expect(Object.keys(back[0].spans[0].attributes.attributeMap).sort()).toEqual([...KEYS].sort())
  })
})

test('metrics to and from prom-client pollute no prototype', async () => {
  const source = new MetricRegistry()
  const keys = ['constructor', 'toString', 'hasOwnProperty', 'polluted']
  source.gauge('hostile', { labelKeys: keys }).set(1, hostile('polluted'))
  await expectHarmless(async () => {
    const registry = new Registry()
    const bridge = bridgeToRegistry(registry as unknown as PromRegistry, { producers: [source] })
    const text = await registry.metrics()
    expect(text).toContain('polluted="polluted"')
    await fromRegistry(registry as unknown as PromRegistry).getMetrics()
    bridge.stop()
  })
})
