import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { STANDARD_RESOURCE_TYPES } from '../../src/base/resource.js'
import { readComponent } from '../../src/setup/configuration/component-parser.js'
import { Place } from '../../src/setup/configuration/problem.js'
import { checkAsyncTransport } from '../../src/exporters/transport/async-transport-options.js'
import { instrumentHttpClient } from '../../src/integrations/http-client/instrument.js'
import { traceLogFields } from '../../src/integrations/logging/trace-log-fields.js'
import { PeriodicMetricTask } from '../../src/metrics/collection/periodic-metric-task.js'
import { Stats } from '../../src/stats/stats.js'
import { openCensusHttpClientViews, openCensusHttpServerViews } from '../../src/http/views/opencensus-http-views.js'
import { openCensusRpcExtraViews, openCensusRpcViews } from '../../src/http/views/opencensus-rpc-views.js'
import { encodeTagEntriesText } from '../../src/stats/tags/tag-codec-text.js'
import { MAX_CONTEXT_CHARACTERS } from '../../src/stats/tags/tag-propagation.js'
import { AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { DEFAULT_EXCLUDED_PATHS } from '../../src/http/http-exclusion.js'
import { ProbabilitySampler } from '../../src/trace/sampling/probability-sampler.js'
import { TraceContextPropagator } from '../../src/trace/propagation/trace-context.js'
import { DEFAULT_SPAN_LIMITS } from '../../src/trace/data/span-limits.js'
import { TraceState } from '../../src/trace/context/trace-state.js'
import { TracerCore } from '../../src/trace/tracer-core.js'
import { truncatable } from '../../src/trace/data/truncatable.js'
import { refused, runVectors } from './vectors.js'

const views = [...openCensusHttpServerViews, ...openCensusHttpClientViews, ...openCensusRpcViews, ...openCensusRpcExtraViews]

runVectors<{ name: string }>('catalog.view', ({ name }) => {
  const { measure, aggregation, tagKeys } = views.find((view) => view.name === name) ?? refused()
  const bounds = aggregation.kind === 'distribution' ? aggregation.bounds : null
  return { measure: measure.name, agg: aggregation.kind, columns: [...tagKeys].sort(), bounds }
})
runVectors<{ name: string }>('catalog.measure', ({ name }) => {
  const { measure } = views.find((view) => view.measure.name === name) ?? refused()
  return { unit: measure.unit, type: measure.type === 'int64' ? 'int' : 'double' }
})

function mostTagsInText(): number {
  let count = 0
  const tags: { key: string; value: string }[] = []
  for (; count < 1_000; count++) {
    tags.push({ key: `k${count}`, value: '' })
    if (encodeTagEntriesText(tags) === undefined) break
  }
  return count
}

async function exportIntervalMs(): Promise<number> {
  const task = new PeriodicMetricTask({ run: () => {} })
  await task.close()
  return task.intervalMs
}

function fileExporterName(): unknown {
  const part = readComponent('exporter', 'opencensus.trace.file_exporter.FileExporter()', new Place('', refused))
  return part !== undefined && 'options' in part && part.options['path']
}

function exemplarKeys(): string[] {
  const stats = new Stats()
  const tracer = new TracerCore({ sampler: new AlwaysOnSampler(), propagator: new TraceContextPropagator(), stats })
  return Object.keys(tracer.startDetachedSpan('a').exemplarLabels()!)
}

function mostStateMembers(): number {
  let state = TraceState.parse('k=v')!
  for (let at = 0; at < 100; at++) state = state.set(`k${at}`, 'v')
  return state.size
}

async function statusOnFailure(): Promise<unknown> {
  const stats = new Stats()
  const client = instrumentHttpClient({ stats, tracer: false, http: false })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  await fetch(`http://127.0.0.1:${port}/`).catch(() => {}) // where nobody listens any more
  client.stop()
  return stats.viewManager.getView('http/client/duration')!.rows[0]!.tagValues['status']
}

const DEFAULTS: Readonly<Record<string, () => unknown>> = {
  sampling_rate: () => new ProbabilitySampler().rate,
  max_attributes_per_span: () => DEFAULT_SPAN_LIMITS.attributes,
  max_string_bytes: () => truncatable('x'.repeat(1_000)).value.length,
  metric_export_interval_seconds: async () => (await exportIntervalMs()) / 1e3,
  async_grace_period_seconds: () => checkAsyncTransport({}).gracePeriodMs / 1e3,
  async_max_batch_size: () => checkAsyncTransport({}).maxBatchSize,
  file_exporter_name: fileExporterName,
  tag_map_size_limit: () => MAX_CONTEXT_CHARACTERS,
  tracestate_max_members: mostStateMembers,
  exclude_paths: () => DEFAULT_EXCLUDED_PATHS,
  text_tags_max_count: mostTagsInText,
  exemplar_attachment_keys: exemplarKeys,
  log_default_sampled: () => traceLogFields().trace_sampled ?? false,
  http_client_status_on_failure: statusOnFailure,
  resource_types: () => STANDARD_RESOURCE_TYPES,
}

runVectors<string>('defaults', (name) => (DEFAULTS[name] ?? refused)())
