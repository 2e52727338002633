import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as tallyscope from '../../src/index.js'
import { Span } from '../../src/trace/span/span.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import { SpanData } from '../../src/trace/data/span-data.js'
import { Status } from '../../src/trace/data/status.js'
import { Tracer } from '../../src/setup/tracer.js'

// That the programs of docs/tracing.md run and print what stands below them is tested with those of all pages.
const page = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
const mapping = page('from-opencensus.md')
const tracing = page('tracing.md')

/** Every name that the OpenCensus documents define for tracing, exporters and transports. */
const OPENCENSUS = `
  Tracer span_context sampler exporter propagator span should_sample get_tracer finish store_tracer start_span end_span current_span
  add_attribute_to_current_span attribute_key attribute_value trace_decorator
  Span parent_span attributes start_time end_time span_id stack_trace annotations message_events links status same_process_as_parent_span
  context_tracer span_kind add_attribute add_annotation add_message_event add_link set_status start finish SpanKind
  SpanContext trace_id trace_options from_header tracestate
  Sampler AlwaysOnSampler AlwaysOffSampler ProbabilitySampler rate
  Status code message details canonical_code description is_ok format_status_json from_exception as_ok
  BoundedList append extend BoundedDict __setitem__ __getitem__ maxlen
  TraceContextPropagator BinaryFormatPropagator GoogleCloudFormatPropagator TextFormatPropagator
  Exporter export emit span_datas PrintExporter FileExporter file_name file_mode LoggingExporter handler logger_name transport
  flush SyncTransport AsyncTransport grace_period max_batch_size wait_period
  PeriodicMetricTask interval function run close get_exporter_thread metric_producers MetricProducer get_metrics TransportError
  DEFAULT_INTERVAL GRACE_PERIOD Stats view_manager stats_recorder get_all_exported_data trace_integrations
  EXCLUDELIST_PATHS EXCLUDELIST_HOSTNAMES SAMPLER EXPORTER PROPAGATOR
`
  .trim()
  .split(/\s+/)

test('the OpenCensus migration page has every name of the OpenCensus documents', () => {
  const left = mapping
    .split('\n')
    .map((line) => line.split(' | ')[0])
    .join('\n')
  expect(OPENCENSUS.filter((name) => !new RegExp(`(?<!\\w)${name}(?!\\w)`).test(left))).toEqual([])
})

test('the classes and functions that the page names are exported', () => {
  const right = mapping
    .split('\n')
    .map((line) => line.split(' | ')[1] ?? '')
    .join('\n')
  const named = new Set(
    [...right.matchAll(/new ([A-Z]\w+)\(|`([A-Z]\w+(?:Propagator|Data|Error|Kind|Code))`/g)].map((match) => match[1] ?? match[2]!),
  )
  expect(named.size).toBeGreaterThan(15)
  expect([...named].filter((name) => !(name in tallyscope))).toEqual([])
})

test('the methods that the page names exist', () => {
  const owners: [string, object, string[]][] = [
    ['tracer', Tracer.prototype, [...mapping.matchAll(/`(?:await )?tracer\.([a-z]\w+)[(`]/g)].map((match) => match[1]!)],
    ['span', Span.prototype, [...mapping.matchAll(/`span\.([a-z]\w+)[(`]/g)].map((match) => match[1]!)],
    ['context', SpanContext.prototype, ['sampled', 'traceId', 'spanId']],
    ['data', SpanData.prototype, ['stackTrace', 'annotations', 'messageEvents', 'sameProcessAsParentSpan', 'startTime']],
    ['status', Status.prototype, ['canonicalCode', 'description', 'isOk', 'toJSON']],
    ['Status', Status, [...mapping.matchAll(/`Status\.([a-z]\w+)\(/g)].map((match) => match[1]!)],
  ]
  const python = /_/
  const missing = owners.flatMap(([owner, prototype, names]) =>
    names.filter((name) => !python.test(name) && !(name in prototype) && name !== 'tracer').map((name) => `${owner}.${name}`),
  )
  expect(missing).toEqual([])
})

test('the page on tracing has a program for each usage of the OpenCensus documents', () => {
  const usages = [
    'process_order', // nested spans
    'database_query', // attributes, annotation, status
    'http_request', // start and finish by hand
    'explicit', // start_span and end_span
    'user_authentication', // the logging exporter, a status from an error
    'development_operation', // the console
    'batch_operation_', // the file, by an asynchronous transport that is flushed
    'custom_export_test', // an exporter over HTTP
    'main_operation', // a graceful end
    'getMetrics: ()', // a metric producer of one's own, exported periodically
    'GoogleCloudPropagator()', // another propagator, and an outgoing request
  ]
  const programs = [...tracing.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1]!)
  expect(usages.filter((usage) => !programs.some((program) => program.includes(usage)))).toEqual([])
})
