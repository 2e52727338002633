import { expect, test } from 'vitest'
import { type Component, readComponent, readComponents } from '../../../src/setup/configuration/component-parser.js'
import type { ComponentKind } from '../../../src/setup/configuration/component-registry.js'
import { type ConfigurationProblem, lineOf, Place } from '../../../src/setup/configuration/problem.js'

const component = (name: string, options: object = {}): Component => ({ component: name, options: options as never })

function check(kind: ComponentKind, value: unknown, expected: Component | string): void {
  const problems: ConfigurationProblem[] = []
  const found = readComponent(kind, value, new Place('at', (problem) => problems.push(problem)))
  if (typeof expected !== 'string') expect(problems.map(lineOf), String(value)).toEqual([])
  expect(problems.length > 0 ? problems.map((problem) => lineOf(problem).trim()).join('; ') : found).toEqual(expected)
}

test('names are found in any spelling of case and separators', () => {
  for (const text of ['alwaysOn', 'always_on', 'ALWAYS-ON', 'AlwaysOnSampler()', 'opencensus.trace.samplers.AlwaysOnSampler()']) {
    check('sampler', text, component('alwaysOn'))
  }
})

test('the samplers, exporters and propagators of the documents map to ours', () => {
  check('sampler', 'opencensus.trace.samplers.ProbabilitySampler(rate=1)', component('probability', { rate: 1 }))
  check('sampler', 'opencensus.trace.samplers.probability.ProbabilitySampler(0.25)', component('probability', { rate: 0.25 }))
  check('exporter', 'opencensus.trace.print_exporter.PrintExporter()', component('console'))
  check('exporter', "opencensus.trace.file_exporter.FileExporter(file_name='traces')", component('file', { path: 'traces' }))
  check('exporter', 'opencensus.trace.file_exporter.FileExporter()', component('file', { path: 'opencensus-traces.json' }))
  check('exporter', 'opencensus.trace.logging_exporter.LoggingExporter()', component('logging'))
  check('propagator', 'opencensus.trace.propagation.google_cloud_format.GoogleCloudFormatPropagator()', component('googleCloud'))
  check('propagator', 'opencensus.trace.propagation.trace_context_http_header_format.TraceContextPropagator()', component('traceContext'))
  check('propagator', 'opencensus.trace.propagation.binary_format.BinaryFormatPropagator()', component('binary'))
  check('propagator', 'opencensus.trace.propagation.text_format.TextFormatPropagator()', component('textMap'))
  check('propagator', 'opencensus.trace.propagation.b3_format.B3FormatPropagator()', component('b3'))
})

test('an exporter may have a transport, its periods in seconds as in OpenCensus', () => {
  const text = 'opencensus.trace.print_exporter.PrintExporter(transport=opencensus.common.transports.async_.AsyncTransport)'
  check('exporter', text, component('console', { transport: component('async') }))
  check('transport', 'AsyncTransport(max_batch_size=5, wait_period=2.5)', component('async', { maxBatchSize: 5, waitPeriodMs: 2_500 }))
})

test('an unsupported exporter names its replacement', () => {
  check(
    'exporter',
    "opencensus.ext.ocagent.trace_exporter.TraceExporter(service_name='foobar')",
    'at: there is no exporter "opencensus.ext.ocagent.trace_exporter.TraceExporter" (otlp(endpoint=http://localhost:4318), which Jaeger and collectors accept)',
  )
})

test('a string can only name components of the registry', () => {
  for (const text of ['constructor', '__proto__', 'toString()', 'process.exit(1)', 'require("fs")']) {
    check(
      'exporter',
      text,
      `at: there is no exporter ${JSON.stringify(text.replace(/\(.*/, ''))} (one of console, file, logging, memory, hlog, textfile, pushgateway, otlp, statsd, dogstatsd, remotewrite, textpush)`,
    )
  }
  check(
    'exporter',
    'console(__proto__=1)',
    'at: console has no option "__proto__" (its options are format, maxSeries, maxBufferedBytes, transport)',
  )
})

test('a misspelt name has a hint', () => {
  check('sampler', 'probabilty(0.5)', 'at: there is no sampler "probabilty" (perhaps probability)')
})

test('an option may be a number or a word, or true, false or a word', () => {
  const remote = (options: object) => component('remotewrite', { url: 'http://a', ...options })
  const text = (options: string) => `remotewrite(http://a, ${options})`
  for (const version of [1, 2, 'auto']) {
    check('exporter', text(`version=${version}`), remote({ version }))
    check('exporter', { remotewrite: { url: 'http://a', version } }, remote({ version }))
  }
  check('exporter', text('nativeHistograms=both'), remote({ nativeHistograms: 'both' }))
  check('exporter', text('nativeHistograms=on'), remote({ nativeHistograms: true }))
  check('exporter', { remotewrite: { url: 'http://a', nativeHistograms: false } }, remote({ nativeHistograms: false }))
  check('exporter', text('version="1, 2"'), 'at.version: must be a number or a word: it is "1, 2"')
  check('exporter', text('nativeHistograms=1.5'), 'at.nativeHistograms: must be true, false or a word: it is "1.5"')
})

test('the mode of a file is octal in strings, and a number as it is', () => {
  for (const mode of ['0640', '640', '0o640', 0o640])
    check('exporter', { file: { path: 'a', mode } }, component('file', { path: 'a', mode: 0o640 }))
  check('exporter', 'file(a, mode=0600, followLinks=true)', component('file', { path: 'a', mode: 0o600, followLinks: true }))
  check('exporter', 'textfile(a.prom, mode=0644)', component('textfile', { path: 'a.prom', mode: 0o644 }))
  check('exporter', 'file(a, mode=rw)', 'at.mode: must be octal digits such as 0640: it is "rw"')
})

test('options are checked by name, type and presence', () => {
  check('exporter', { otlp: { headers: 5 } }, 'at.otlp.headers: must be an object of strings: it is 5')
  check('sampler', 'probability(much)', 'at.rate: must be a number: it is "much"')
  check('sampler', 'probability(0.1, 2)', 'at: probability takes 1 values without a name, not 2')
  check('exporter', 'file()', 'at: file needs path (file(path=…))')
  check(
    'exporter',
    'file(pth=a)',
    'at: file has no option "pth" (its options are path, maxBytes, maxFiles, maxQueuedBytes, maxItemBytes, fsync, mode, followLinks, transport)',
  )
  check('sampler', 'alwaysOn(1)', 'at: alwaysOn takes 0 values without a name, not 1')
  check(
    'exporter',
    'file(path=a',
    'at: "file(path=a" cannot be read: ) is missing at character 11 (write it as name or name(option=value))',
  )
})

test('an object names a component by its one key', () => {
  check('exporter', { file: 'traces.jsonl' }, component('file', { path: 'traces.jsonl' }))
  check('exporter', { file: { path: 'a', maxFiles: 3 } }, component('file', { path: 'a', maxFiles: 3 }))
  check('exporter', { console: true }, component('console'))
  check(
    'sampler',
    { parentBased: { root: 'probability(0.5)' } },
    component('parentBased', { root: component('probability', { rate: 0.5 }) }),
  )
  check(
    'exporter',
    { pushgateway: { url: 'http://a', job: 'j', groupingKey: { instance: 'i' } } },
    component('pushgateway', { url: 'http://a', job: 'j', groupingKey: { instance: 'i' } }),
  )
  check(
    'exporter',
    { file: 'a', console: true },
    'at: an object that describes a component must have one key, its name ({ "file": { "path": "traces.jsonl" } })',
  )
  check('exporter', {}, 'at: an object that describes a component must have one key, its name ({ "file": { "path": "traces.jsonl" } })')
  check(
    'exporter',
    5,
    'at: must be the name of a component of kind exporter: it is 5 (one of console, file, logging, memory, hlog, textfile, pushgateway, otlp, statsd, dogstatsd, remotewrite, textpush)',
  )
})

test('components have all options of their classes that are data', () => {
  check('exporter', 'console(maxSeries=5, maxBufferedBytes=1000)', component('console', { maxSeries: 5, maxBufferedBytes: 1_000 }))
  check('transport', 'async(maxQueueBytes=1000)', component('async', { maxQueueBytes: 1_000 }))
  const gateway = { url: 'http://a', job: 'j', headers: { authorization: 'Bearer x' } }
  check('exporter', { pushgateway: gateway }, component('pushgateway', gateway))
})

test('a component created by code is used as is', () => {
  const sampler = { shouldSample: () => true }
  check('sampler', sampler, { given: sampler })
  const transport = () => ({})
  check('transport', transport, { given: transport })
})

test('several components are a list, a string with commas, or one component', () => {
  const read = (value: unknown) => readComponents('exporter', value, new Place('at', (problem) => expect.fail(lineOf(problem))))
  expect(read('console, file(path=a)')).toEqual([component('console'), component('file', { path: 'a' })])
  expect(read(['console', { file: 'a' }])).toEqual([component('console'), component('file', { path: 'a' })])
  expect(read({ file: 'a' })).toEqual([component('file', { path: 'a' })])
  expect(read('none')).toEqual([])
})
