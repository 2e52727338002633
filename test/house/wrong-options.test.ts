import fastify from 'fastify'
import { Registry } from 'prom-client'
import { afterEach, expect, test, vi } from 'vitest'
import {
  AlwaysOnSampler,
  AsyncTransport,
  B3Propagator,
  ConsoleExporter,
  createTallyscope,
  exportPeriodically,
  FileExporter,
  HlogExporter,
  LoggingExporter,
  MemoryExporter,
  ParentBasedSampler,
  PeriodicMetricTask,
  RateLimitingSampler,
  Stats,
  SyncTransport,
  TagBaggage,
  TallyscopeError,
  Tracer,
} from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { instrumentHttpServer, registerReadyViews } from 'tallyscope/http-server'
import { tracedConsole } from 'tallyscope/logging'
import { OpenTracingTracer } from 'tallyscope/opentracing'
import { bridgeToRegistry, fromRegistry } from 'tallyscope/prom-client'
import { PrometheusTextPushExporter, PushGatewayExporter, TextfileExporter } from 'tallyscope/prometheus'
import { traceIntegrations } from '../../src/integrations/http-client/trace-integrations.js'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../src/exporters/otlp/otlp-trace-exporter.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/remote-write-exporter.js'
import { StatsdExporter } from '../../src/exporters/statsd/statsd-exporter.js'

const ODD: readonly unknown[] = [null, 0, -1, Number.NaN, 'x', '', true, [], [null], {}, { a: null }, Symbol('s'), 10n, Object.create(null)]
const SENDER = 'headers timeoutMs concurrency maxQueuedExports ca cert key userAgent clock random'
const HTTP = 'tracer stats views contextTags ignoreHosts ignorePaths urlQuery clock'
const SERVER = `${HTTP} registry publicEndpoint requestTags statusClasses bodySizes`
const url = 'http://127.0.0.1:1'
const nothing = { export(): void {} }
const stats = new Stats()

/** A function with options, those that it needs, and the names of more. */
type Subject = readonly [name: string, make: (options: never) => unknown, needed: object, names: string]

const SUBJECTS: readonly Subject[] = [
  [
    'AsyncTransport',
    (o) => new AsyncTransport(nothing, o),
    {},
    'maxQueueSize maxQueueBytes itemBytes maxBatchSize retries logger clock random',
  ],
  ['B3Propagator', (o) => new B3Propagator(o), {}, 'single'],
  ['ConsoleExporter', (o) => new ConsoleExporter(o), {}, 'format stream maxSeries maxBufferedBytes'],
  ['FileExporter', (o) => new FileExporter(o), { path: '/x' }, 'path maxBytes maxFiles maxQueuedBytes fsync mode followLinks logger clock'],
  ['HlogExporter', (o) => new HlogExporter(o), { path: '/x' }, 'path clock'],
  ['LoggingExporter', (o) => new LoggingExporter(o), {}, 'logger loggerName level'],
  ['MemoryExporter', (o) => new MemoryExporter(o), {}, 'maxItems'],
  ['OpenTracingTracer', (o) => new OpenTracingTracer(o), {}, 'tracer scopeManager implicitParent strict mock'],
  ['OtlpMetricExporter', (o) => new OtlpMetricExporter(o), {}, `${SENDER} temporality endpoint url protocol resource logger`],
  ['OtlpTraceExporter', (o) => new OtlpTraceExporter(o), {}, `${SENDER} endpoint url protocol compression resource logger`],
  ['ParentBasedSampler', (o) => new ParentBasedSampler(o), { root: new AlwaysOnSampler() }, 'root sampledParent unsampledParent'],
  ['PeriodicMetricTask', (o) => new PeriodicMetricTask(o), { run() {} }, 'run intervalMs name keepAlive logger clock runSync onClose'],
  ['PrometheusTextPushExporter', (o) => new PrometheusTextPushExporter(o), { url }, `${SENDER} url extraLabels gzip timestamps`],
  ['PushGatewayExporter', (o) => new PushGatewayExporter(o), { url, job: 'x' }, 'url job groupingKey mode gzip headers timeoutMs clock'],
  ['RateLimitingSampler', (o) => new RateLimitingSampler(o), {}, 'perSecond burst clock'],
  ['RemoteWriteExporter', (o) => new RemoteWriteExporter(o), { url }, `${SENDER} url version job externalLabels metadata compress`],
  ['StatsdExporter', (o) => new StatsdExporter(o), {}, 'host port path protocol tagStyle prefix tags buckets externalEnv timeoutMs clock'],
  ['SyncTransport', (o) => new SyncTransport(nothing, o), {}, 'maxInFlight gracePeriodMs logger clock'],
  ['TagBaggage', (o) => new TagBaggage(o), { allow: [] }, 'allow'],
  ['TextfileExporter', (o) => new TextfileExporter(o), { path: '/x.prom' }, 'path mode deleteOnShutdown'],
  [
    'Tracer',
    (o) => new Tracer(o),
    { exporter: 'none' },
    'sampler propagator stats limits defaultAttributes untrusted baggage summary clock',
  ],
  ['bridgeToRegistry', (o) => bridgeToRegistry(new Registry(), o), { producers: [] }, 'producers timeoutMs'],
  [
    'createTallyscope',
    createTallyscope,
    { env: {} },
    'traces metrics prometheus cluster resource configFile env stats registry producers tracer logger clock',
  ],
  [
    'exportPeriodically',
    exportPeriodically,
    { producers: [], exporter: nothing },
    'producers exporter intervalMs name keepAlive logger clock',
  ],
  ['fromRegistry', (o) => fromRegistry(new Registry(), o), {}, 'timeoutMs clock'],
  ['instrumentHttpClient', instrumentHttpClient, { stats }, `${HTTP} http fetch globalAgents propagateTo spanName`],
  ['instrumentHttpServer', instrumentHttpServer, { stats }, `${SERVER} watch route`],
  ['registerReadyViews', (views) => registerReadyViews(new Stats(), views), {}, 'measure'],
  ['traceIntegrations', (names) => traceIntegrations(names), {}, 'filter'],
  ['tracedConsole', (to) => tracedConsole(to), {}, 'debug'],
]

/** What a call returned is ended, so that no timer and no subscription stays. */
function end(made: unknown): void {
  const { stop, close, shutdown } = (made ?? {}) as Partial<Record<'stop' | 'close' | 'shutdown', () => unknown>>
  void (stop ?? close ?? shutdown)?.call(made)
}

/** Calls it with these options. Returns the error if it has no code. */
function uncoded(make: Subject[1], options: unknown): unknown {
  try {
    end(make(options as never))
    return undefined
  } catch (error) {
    return TallyscopeError.is(error) ? undefined : error
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

test.each(SUBJECTS)('%s accepts an option of any type or throws an error with a code', (_name, make, needed, names) => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  for (const odd of ODD) {
    expect([odd, uncoded(make, odd)]).toEqual([odd, undefined])
    for (const option of names.split(' ')) {
      expect([option, odd, uncoded(make, { ...needed, [option]: odd })]).toEqual([option, odd, undefined])
    }
  }
})

test.each(['metricsPath', 'metricsRoute', 'producers', 'group', 'metrics', 'requestTags', 'registry', 'clock'])(
  'tallyscopeFastify rejects with a code if %s is of another type',
  async (option) => {
    for (const odd of [5, [null], Symbol('s')]) {
      const app = fastify()
      await expect(app.register(tallyscopeFastify, { stats: new Stats(), [option]: odd })).rejects.toMatchObject({
        code: option === 'producers' ? 'ERR_PRODUCER' : 'ERR_OPTION',
      })
    }
  },
)

// Until they were refused, they failed at a later record or request, or were ignored.
test.each<readonly [string, () => unknown, string]>([
  ['a clock without methods', () => new AsyncTransport(nothing, { clock: {} as never }), 'ERR_OPTION'],
  ['a logger without warn', () => new SyncTransport(nothing, { logger: {} as never }), 'ERR_OPTION'],
  ['a size that is no function', () => new AsyncTransport(nothing, { itemBytes: 5 as never }), 'ERR_TRANSPORT_OPTION'],
  ['a stream without write', () => new ConsoleExporter({ stream: {} as never }), 'ERR_EXPORTER_OPTION'],
  ['an unknown option of B3', () => new B3Propagator({ singel: true } as never), 'ERR_OPTION'],
  ['a switch of B3 that is a string', () => new B3Propagator({ single: 'no' as never }), 'ERR_TRACER_OPTION'],
  ['keepAlive that is a string', () => new PeriodicMetricTask({ run() {}, keepAlive: 'no' as never }), 'ERR_OPTION'],
  ['a certificate that is a number', () => new OtlpTraceExporter({ ca: 5 as never }), 'ERR_EXPORTER_OPTION'],
  ['labels that are null', () => new RemoteWriteExporter({ url, externalLabels: null as never }), 'ERR_EXPORTER_OPTION'],
  ['tags that are null', () => new StatsdExporter({ tags: null as never }), 'ERR_EXPORTER_OPTION'],
  ['a misspelled limit of the summary', () => new Tracer({ exporter: 'none', summary: { name: 5 } as never }), 'ERR_OPTION'],
  ['tags of requests that are no functions', () => instrumentHttpServer({ requestTags: { a: 'b' } as never }), 'ERR_OPTION'],
  ['a host in place of a list', () => instrumentHttpClient({ ignoreHosts: 'a' as never }), 'ERR_OPTION'],
  ['an unknown kind of span names', () => instrumentHttpClient({ spanName: 'host' as never }), 'ERR_OPTION'],
  ['an environment that is null', () => createTallyscope({ env: null as never }), 'ERR_CONFIGURATION'],
  ['options of the tracer that it does not have', () => createTallyscope({ env: {}, tracer: { limit: 5 } as never }), 'ERR_CONFIGURATION'],
])('%s is refused', (_what, make, code) => {
  expect(make).toThrow(expect.objectContaining({ code }))
})
