import { fc } from '../fast-check.js'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Gauge, Registry } from 'prom-client'
import { beforeAll, expect, test, vi } from 'vitest'
import { LoggingExporter } from '../../src/exporters/console/logging-exporter.js'
import { stderrLogger } from '../../src/exporters/console/stderr-logger.js'
import { HlogExporter } from '../../src/exporters/file/hlog-exporter.js'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'
import { metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import { dogstatsdOptionsFromEnvironment } from '../../src/exporters/statsd/dogstatsd-environment.js'
import { traceIntegrations } from '../../src/integrations/http-client/trace-integrations.js'
import { traceLogFields, tracedLogger } from '../../src/integrations/logging/index.js'
import { InvalidCarrier, OpenTracingTracer, SpanContextCorrupted, UnsupportedFormat } from '../../src/integrations/opentracing/index.js'
import { bridgeToRegistry } from '../../src/integrations/prom-client/bridge-to-registry.js'
import { fromRegistry } from '../../src/integrations/prom-client/from-registry.js'
import type { PromRegistry } from '../../src/integrations/prom-client/registry-shape.js'
import { Tracer } from '../../src/setup/tracer.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { count, percentiles } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { valueOf } from '../../src/testing/stats-for-tests.js'
import { AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { build } from '../exporters/child-program.js'
import { bytesOf } from '../exporters/prometheus/format/metric-samples.js'
import { B3Propagator } from '../../src/trace/propagation/b3.js'
import { amount } from './amount.js'
import { expectClean, expectOneLine, expectRows, hostile, SECRET, watched } from './hostile-text.js'

const RUNS = amount(40, 2_000)
const short = hostile.map((text) => text.slice(0, 200))
beforeAll(build, 120_000)
const scene = watched()

function messageOf(act: () => unknown): string {
  try {
    act()
    return ''
  } catch (error) {
    return String((error as Error).message)
  }
}

async function pageOf(producer: Parameters<typeof metricsHandler>[0]['producers'] & object): Promise<string> {
  const { body } = await metricsHandler({ producers: producer })({ accept: 'text/plain' })
  return String(await bytesOf(body))
}

// prom-client sets no limit to its labels, and they are exposed as they are.
test('labels, names and errors of prom-client make rows and short warnings', async () => {
  await fc.assert(
    fc.asyncProperty(short, short, async (first, second) => {
      const registry = new Registry()
      new Gauge({ name: 'depth', help: `h${first}`, labelNames: ['queue'], registers: [registry] }).set({ queue: second }, 1)
      const failing = () => Promise.reject(new Error(second))
      new Gauge({ name: 'failing', help: 'h', registers: [registry], collect: failing })
      const foreign = { name: first, help: second, type: 'gauge', aggregator: 'sum', values: [{ value: 1, labels: { [second]: first } }] }
      const list = registry.getMetricsAsArray.bind(registry)
      registry.getMetricsAsArray = () => [...list(), { ...foreign, get: async () => foreign } as never]
      expectRows(await pageOf([fromRegistry(registry as unknown as PromRegistry)]))
    }),
    { numRuns: RUNS },
  )
  for (const warning of scene.warnings) expectOneLine('a warning', warning)
})

test('rows that are bridged to prom-client have short labels', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const stats = new Stats()
      stats.record(stats.measure('m', { tagKeys: ['a'], view: count() }), 1, { a: text })
      const registry = new Registry()
      using _ = bridgeToRegistry(registry as unknown as PromRegistry, { producers: [stats] })
      const page = await registry.metrics()
      expect(page).toMatch(/^m_total[ {]/m)
      expectRows(page)
    }),
    { numRuns: RUNS },
  )
})

test('OpenTracing passes on valid headers, and its errors have one short line', () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, (first, second, third) => {
      const exporter = new MemoryExporter()
      const tracer = new OpenTracingTracer({ tracer: new Tracer({ sampler: new AlwaysOnSampler(), exporter }), strict: true })
      const span = tracer.startSpan(first, { tags: { [second]: third } })
      span
        .setTag(third, first)
        .log({ [first]: second, event: third })
        .setBaggageItem(second, third)
        .setBaggageItem('user', first)
      for (const format of ['http_headers', 'text_map']) {
        const carrier: Record<string, string> = {}
        tracer.inject(span, format, carrier)
        for (const [name, value] of Object.entries(carrier)) new Headers().set(name, value)
      }
      span.finish()
      const messages = [
        messageOf(() => tracer.inject(span, first, {})),
        messageOf(() => tracer.extract(second, {})),
        messageOf(() => tracer.extract('http_headers', third)),
        messageOf(() => tracer.extract('http_headers', { traceparent: first, baggage: second, tracestate: third })),
        messageOf(() => tracer.extract('binary', first)),
      ]
      expect(messages.filter((message) => message !== '').length).toBeGreaterThan(3)
      for (const [at, message] of messages.entries()) expectOneLine(`way ${at}`, message)
      for (const error of [
        new UnsupportedFormat(first),
        new InvalidCarrier('text_map', second, 'a map'),
        new SpanContextCorrupted('binary'),
      ])
        expectOneLine(error.name, error.message)
    }),
    { numRuns: RUNS },
  )
  for (const warning of scene.warnings) expectOneLine('a warning', warning)
})

test('a histogram log has one line for each interval, whose tag is short and has no blank or comma', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (first, second) => {
      const path = join(scene.folder, `${++run}.hlog`)
      const clock = new ManualClock()
      const stats = new Stats({ clock })
      const view = percentiles({ quantiles: [0.5], intervals: true })
      stats.record(stats.measure('m', { unit: 's', description: first, tagKeys: ['a', 'b'], view }), 1, { a: first, b: second })
      const exporter = new HlogExporter({ path, clock })
      await exporter.export(stats.getMetrics() as readonly Metric[])
      await exporter.shutdown()
      const text = readFileSync(path, 'utf8')
      expectClean('a histogram log', text)
      const lines = text.split('\n').filter((line) => !/^[#"]/.test(line))
      expect(lines).toHaveLength(2)
      expect(lines[0]).toMatch(/^Tag=m(?:;[ab]=[\w.!~*'()%/:-]*)*,[\d.]+,[\d.]+,[\d.]+,[\w+/=]+$/)
    }),
    { numRuns: RUNS },
  )
})

test('names of integrations that do not exist are reported in one short line, and none is enabled', () => {
  fc.assert(
    fc.property(hostile, (name) => {
      using integrations = traceIntegrations([name, `http ${name}`])
      expect([integrations.enabled, integrations.instrumentation]).toEqual([[], undefined])
    }),
    { numRuns: RUNS },
  )
  expect(scene.warnings.length).toBeGreaterThan(RUNS)
  for (const warning of scene.warnings) expectOneLine('a warning', warning)
})

test('log entries of items and of spans are one line without raw characters, and ids of headers are hex digits', () => {
  let output = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    output += String(text)
    return true
  })
  const exporter = new LoggingExporter()
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, propagator: new B3Propagator() })
  fc.assert(
    fc.property(short, hostile, hostile, (first, second, third) => {
      output = ''
      const parent = tracer.extract({ b3: first, 'x-b3-traceid': second, 'x-b3-spanid': third, traceparent: first })
      tracer.span(second, { parent, attributes: { [first]: third } }, () => {
        expect(traceLogFields()).toEqual({
          trace_id: expect.stringMatching(/^[\da-f]{32}$/),
          span_id: expect.stringMatching(/^[\da-f]{16}$/),
          trace_sampled: true,
        })
        tracedLogger(stderrLogger).info({ [first]: first }, first)
      })
      exporter.export([{ descriptor: { name: first }, timeSeries: [] }, { name: first }, first] as never[])
      for (const line of output.split('\n').slice(0, -1)) expect(() => void JSON.parse(line)).not.toThrow()
      expectClean('log entries', output)
    }),
    { numRuns: RUNS },
  )
})

test('the functions for tests name a view that is missing in one short line', () => {
  fc.assert(
    fc.property(hostile, (name) => {
      const message = messageOf(() => valueOf(name, {}, new Stats()))
      expect(message).not.toBe('')
      expectOneLine('valueOf', message)
    }),
    { numRuns: RUNS },
  )
})

test('variables of Datadog are read without what would end a line, and problems are one short line', () => {
  const name = fc.constantFrom(
    'DD_TAGS',
    'DD_ENV',
    'DD_EXTERNAL_ENV',
    'DD_CARDINALITY',
    'DD_DOGSTATSD_URL',
    'DD_AGENT_HOST',
    'DD_DOGSTATSD_PORT',
  )
  fc.assert(
    fc.property(name, hostile, (variable, text) => {
      const { problems } = dogstatsdOptionsFromEnvironment({ [variable]: `${text}http://me:${SECRET}@host/?key=${SECRET}` })
      for (const { problem } of problems) expectOneLine(variable, problem)
    }),
    { numRuns: RUNS },
  )
})

test('a program with tallyscope/auto runs, and its warnings are short lines without secrets, whatever its environment', {
  timeout: 120_000,
}, () => {
  const name = fc.constantFrom(
    'TALLYSCOPE_PROMETHEUS_HOST',
    'TALLYSCOPE_CONFIG_FILE',
    'TALLYSCOPE_METRICS_EXPORTERS',
    'TALLYSCOPE_TRACES_SAMPLER',
    'TALLYSCOPE_HTTP_IGNORE_PATHS',
    'OTEL_EXPORTER_OTLP_HEADERS',
    'OTEL_RESOURCE_ATTRIBUTES',
  )
  fc.assert(
    fc.property(name, hostile, hostile, (variable, text, content) => {
      const file = join(scene.folder, 'tallyscope.json')
      const value = `${text.toWellFormed()}http://me:${SECRET}@host/?key=${SECRET}`.replaceAll('\0', '')
      writeFileSync(file, JSON.stringify({ traces: { [content]: value } }))
      const env = { PATH: process.env['PATH'], TALLYSCOPE_CONFIG_FILE: file, [variable]: value }
      const run = ['--import', 'tallyscope/auto', '-e', 'process.stdout.write("ran")']
      const { status, stdout, stderr } = spawnSync(process.execPath, run, { env, encoding: 'utf8', cwd: import.meta.dirname })
      expect([status, stdout]).toEqual([0, 'ran'])
      expect(stderr).toContain('TALLYSCOPE_')
      expectClean(variable, stderr)
    }),
    { numRuns: amount(6, 100) },
  )
})
