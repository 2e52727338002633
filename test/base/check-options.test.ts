import { describe, expect, test } from 'vitest'
import {
  AsyncTransport,
  ConsoleExporter,
  count,
  exponential,
  exportPeriodically,
  FileExporter,
  HlogExporter,
  installShutdownHooks,
  LoggingExporter,
  MemoryExporter,
  MetricRegistry,
  ParentBasedSampler,
  percentiles,
  PeriodicMetricTask,
  RateLimitingSampler,
  runtimeMetrics,
  selfMetrics,
  Stats,
  SyncTransport,
  TagBaggage,
  Tracer,
} from '../../src/index.js'
import { checkOptions, type OptionNames, optionNames } from '../../src/base/check-options.js'
import {
  fetchHandler,
  metricsHandler,
  nodeHandler,
  PushGatewayExporter,
  serveMetrics,
  TextfileExporter,
} from '../../src/exporters/prometheus/index.js'
import { instrumentHttpClient } from '../../src/integrations/http-client/instrument.js'
import { fromRegistry } from '../../src/integrations/prom-client/from-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'

const stats = new Stats()
const registry = new MetricRegistry()
const measure = stats.measure('m')
const exporter = new MemoryExporter<never>()
type Loose = Record<string, never>

/** Each takes an object with a misspelt option, as JavaScript lets people write it. */
const CASES: readonly (readonly [message: string, call: (options: Loose) => unknown, misspelt: string])[] = [
  ['serveMetrics has no option "bearertoken" (perhaps bearerToken)', (o) => serveMetrics({ ...o, producers: [stats] }), 'bearertoken'],
  ['metricsHandler has no option "guards" (perhaps guard)', (o) => metricsHandler({ ...o, producers: [stats] }), 'guards'],
  ['nodeHandler has no option "gzipp" (perhaps gzip)', (o) => nodeHandler({ ...o, producers: [stats] }), 'gzipp'],
  ['fetchHandler has no option "producer" (perhaps producers)', (o) => fetchHandler({ ...o, producers: [stats] }), 'producer'],
  [
    'exportPeriodically has no option "interval" (perhaps intervalMs)',
    (o) => exportPeriodically({ ...o, producers: [stats], exporter }),
    'interval',
  ],
  ['PeriodicMetricTask has no option "timeout" (perhaps timeoutMs)', (o) => new PeriodicMetricTask({ ...o, run: () => {} }), 'timeout'],
  [
    'view v has no option "tagkeys" (perhaps tagKeys)',
    (o) => stats.registerView({ ...o, name: 'v', measure, aggregation: count() }),
    'tagkeys',
  ],
  ['measure n has no option "tagkeys" (perhaps tagKeys)', (o) => stats.measure('n', o), 'tagkeys'],
  ['metric g has no option "labelNames" (perhaps labelKeys)', (o) => registry.gauge('g', o), 'labelNames'],
  ['metric c has no option "desciption" (perhaps description)', (o) => registry.counter('c', o), 'desciption'],
  ['metric h has no option "unti" (perhaps unit)', (o) => registry.histogram('h', o), 'unti'],
  ['percentiles has no option "quantile" (perhaps quantiles)', (o) => registry.summary('s', o), 'quantile'],
  ['percentiles has no option "quantile" (perhaps quantiles)', (o) => percentiles(o), 'quantile'],
  ['exponential has no option "growthfactor" (perhaps growthFactor)', (o) => exponential(o), 'growthfactor'],
  ['Stats has no option "limit" (perhaps limits)', (o) => new Stats(o), 'limit'],
  ['limits has no option "rowsPerview" (perhaps rowsPerView)', (o) => new Stats({ limits: o }), 'rowsPerview'],
  ['MetricRegistry has no option "constantLabel" (perhaps constantLabels)', (o) => new MetricRegistry(o), 'constantLabel'],
  ['Tracer has no option "samplr" (perhaps sampler)', (o) => new Tracer(o), 'samplr'],
  ['ParentBasedSampler has no option "roots" (perhaps root)', (o) => new ParentBasedSampler(o as never), 'roots'],
  ['RateLimitingSampler has no option "persecond" (perhaps perSecond)', (o) => new RateLimitingSampler(o), 'persecond'],
  ['TagBaggage has no option "allowed" (perhaps allow)', (o) => new TagBaggage({ ...o, allow: [] }), 'allowed'],
  ['MemoryExporter has no option "maxItem" (perhaps maxItems)', (o) => new MemoryExporter(o), 'maxItem'],
  ['ConsoleExporter has no option "fromat" (perhaps format)', (o) => new ConsoleExporter(o), 'fromat'],
  ['LoggingExporter has no option "levl" (perhaps level)', (o) => new LoggingExporter(o), 'levl'],
  ['FileExporter has no option "maxbyte" (perhaps maxBytes)', (o) => new FileExporter({ ...o, path: 'x' }), 'maxbyte'],
  ['HlogExporter has no option "paths" (perhaps path)', (o) => new HlogExporter({ ...o, path: 'x' }), 'paths'],
  ['TextfileExporter has no option "modes" (perhaps mode)', (o) => new TextfileExporter({ ...o, path: 'x.prom' }), 'modes'],
  ['PushGatewayExporter has no option "jobs" (perhaps job)', (o) => new PushGatewayExporter({ ...o, url: 'http://x', job: 'j' }), 'jobs'],
  ['AsyncTransport has no option "retrys" (perhaps retries)', (o) => new AsyncTransport(exporter, o), 'retrys'],
  ['SyncTransport has no option "maxinflights" (perhaps maxInFlight)', (o) => new SyncTransport(exporter, o), 'maxinflights'],
  ['installShutdownHooks has no option "gracePeriod" (perhaps gracePeriodMs)', (o) => installShutdownHooks([], o), 'gracePeriod'],
  ['runtimeMetrics has no option "prefixes" (perhaps prefix)', (o) => runtimeMetrics(o), 'prefixes'],
  ['selfMetrics has no option "clocks" (perhaps clock)', (o) => selfMetrics(o), 'clocks'],
  ['fromRegistry has no option "timeout" (perhaps timeoutMs)', (o) => fromRegistry({} as never, o), 'timeout'],
  ['instrumentHttpClient has no option "fetchs" (perhaps fetch)', (o) => instrumentHttpClient(o), 'fetchs'],
  ['ManualClock has no option "unixms" (perhaps unixMs)', (o) => new ManualClock(o), 'unixms'],
]

describe('an unknown option is an error with a hint', () => {
  test.each(CASES)('%s', async (message, call, misspelt) => {
    const attempt = async () => call({ [misspelt]: 1 as never })
    await expect(attempt()).rejects.toThrow(expect.objectContaining({ code: 'ERR_OPTION', message }))
  })

  test('without a similar name, the error lists all options', () => {
    expect(() => new MemoryExporter({ colour: 1 } as object)).toThrow('MemoryExporter has no option "colour" (its options are maxItems)')
  })

  test('missing options of a part that needs them are an error', () => {
    const none = undefined as never
    const parts = {
      FileExporter: () => new FileExporter(none),
      HlogExporter: () => new HlogExporter(none),
      ParentBasedSampler: () => new ParentBasedSampler(none),
      PeriodicMetricTask: () => new PeriodicMetricTask(none),
      PushGatewayExporter: () => new PushGatewayExporter(none),
      TagBaggage: () => new TagBaggage(none),
      TextfileExporter: () => new TextfileExporter(none),
    }
    for (const [name, make] of Object.entries(parts)) {
      expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message: `${name} needs options: none were given` }))
    }
    expect(() => stats.registerView(none)).toThrow('the options of a view must be an object: they are undefined')
    expect(() => registry.stateSet('no/states', none)).toThrow(expect.objectContaining({ code: 'ERR_STATES' }))
  })

  test('options that are undefined or on Object.prototype are ignored', () => {
    Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true, writable: true })
    try {
      expect(new MemoryExporter({ colour: undefined } as object).items).toEqual([])
    } finally {
      delete (Object.prototype as { polluted?: unknown }).polluted
    }
  })

  test('options that are not an object are refused', () => {
    expect(() => registry.gauge('text', 'help' as never)).toThrow('the options of metric text must be an object: they are a string')
    expect(() => percentiles([0.5] as never)).toThrow('the options of percentiles must be an object: they are an array')
    expect(() => percentiles([] as never)).toThrow('the options of percentiles must be an object: they are an array')
    expect(() => exponential([1, 2] as never)).toThrow('the options of exponential must be an object: they are an array')
    expect(() => exponential(null as never)).toThrow('the options of exponential must be an object: they are null')
  })
})

describe('optionNames', () => {
  interface Cache {
    readonly maxSize: number
    readonly ttlMs?: number
  }
  interface NamedCache extends Cache {
    readonly name: string
  }
  const CACHE: OptionNames<Cache> = optionNames('maxSize ttlMs')

  test('lists the names, after those of the type that is extended', () => {
    const named: OptionNames<NamedCache> = optionNames('name', CACHE)
    expect(Object.keys(named)).toEqual(['maxSize', 'ttlMs', 'name'])
    expect(() => checkOptions('Cache', { ttlms: 1 } as object, CACHE)).toThrow('Cache has no option "ttlms" (perhaps ttlMs)')
  })

  test('a missing and an unknown name do not compile', () => {
    // @ts-expect-error -- ttlMs is missing
    const missing: OptionNames<Cache> = optionNames('maxSize')
    // @ts-expect-error -- size is no option
    const unknown: OptionNames<Cache> = optionNames('maxSize ttlMs size')
    // @ts-expect-error -- name is missing
    const base: OptionNames<NamedCache> = optionNames('maxSize ttlMs', CACHE)
    expect([missing, unknown, base]).toHaveLength(3)
  })
})
