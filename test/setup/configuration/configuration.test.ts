import { expect, test } from 'vitest'
import { type ConfigurationSources, readConfiguration } from '../../../src/setup/configuration/configuration.js'
import { ConfigurationError, lineOf } from '../../../src/setup/configuration/problem.js'

const read = (sources: Partial<ConfigurationSources> & { json?: unknown }) =>
  readConfiguration({
    code: {},
    env: {},
    ...(sources.json !== undefined && { file: { name: 'tallyscope.json', text: JSON.stringify(sources.json) } }),
    ...sources,
  })

/** Settings, where there are no problems. */
function settings(sources: Parameters<typeof read>[0]) {
  const { problems, settings } = read(sources)
  expect(problems.map(lineOf)).toEqual([])
  return settings
}

const problemsOf = (sources: Parameters<typeof read>[0]) => read(sources).problems.map((problem) => lineOf(problem).trim())

test('without sources there are no settings and no problems', () => {
  expect(read({})).toEqual({ settings: {}, resource: { labels: {} }, problems: [], warnings: [] })
})

test('code takes precedence over the environment, and that over the file, setting by setting', () => {
  expect(
    settings({
      code: { metrics: { intervalMs: 1 } },
      env: { TALLYSCOPE_METRICS_INTERVAL_MS: '2', TALLYSCOPE_TRACES_SAMPLER: 'alwaysOn', OTEL_METRIC_EXPORT_INTERVAL: '3' },
      json: { metrics: { intervalMs: 4, runtime: true }, traces: { sampler: 'alwaysOff' } },
    }),
  ).toEqual({ 'metrics.intervalMs': 1, 'metrics.runtime': true, 'traces.sampler': { component: 'alwaysOn', options: {} } })
})

test('our own variables take precedence over those of OpenTelemetry', () => {
  const env = { OTEL_TRACES_SAMPLER: 'always_off', OTEL_METRIC_EXPORT_INTERVAL: '5000' }
  expect(settings({ env })).toEqual({ 'traces.sampler': { component: 'alwaysOff', options: {} }, 'metrics.intervalMs': 5_000 })
  expect(settings({ env: { ...env, TALLYSCOPE_TRACES_SAMPLER: 'probability(0.5)' } })['traces.sampler']).toEqual({
    component: 'probability',
    options: { rate: 0.5 },
  })
})

test('every setting has an environment variable', () => {
  expect(
    settings({
      env: {
        TALLYSCOPE_ENABLED: 'yes',
        TALLYSCOPE_TRACES_EXPORTERS: 'console, file(path=a.jsonl)',
        TALLYSCOPE_TRACES_PROPAGATOR: 'traceContext,b3',
        TALLYSCOPE_TRACES_TRANSPORT: 'async(maxBatchSize=10)',
        TALLYSCOPE_CONSTANT_LABELS: 'app=shop, query=a=b',
        TALLYSCOPE_RENAME_LABELS: 'http.route=route',
        TALLYSCOPE_TRACES_VIEWS: '0',
        TALLYSCOPE_TRACES_EXCLUDELIST_PATHS: '_ah/health, ping',
        TALLYSCOPE_TRACES_EXCLUDELIST_HOSTNAMES: 'localhost',
        TALLYSCOPE_TRACES_INTEGRATIONS: 'httplib,requests',
        TALLYSCOPE_METRICS_EXPORTERS: 'none',
        TALLYSCOPE_METRICS_RUNTIME: 'true',
        TALLYSCOPE_PROMETHEUS_PORT: '9000',
        TALLYSCOPE_PROMETHEUS_HOST: '0.0.0.0',
        TALLYSCOPE_PROMETHEUS_PATH: '/m',
      },
    }),
  ).toEqual({
    enabled: true,
    constantLabels: { app: 'shop', query: 'a=b' },
    renameLabels: { 'http.route': 'route' },
    'traces.exporters': [
      { component: 'console', options: {} },
      { component: 'file', options: { path: 'a.jsonl' } },
    ],
    'traces.propagator': [
      { component: 'traceContext', options: {} },
      { component: 'b3', options: {} },
    ],
    'traces.transport': { component: 'async', options: { maxBatchSize: 10 } },
    'traces.views': false,
    'traces.ignorePaths': ['_ah/health', 'ping'],
    'traces.ignoreHosts': ['localhost'],
    'traces.integrations': ['http', 'fetch'],
    'metrics.exporters': [],
    'metrics.runtime': true,
    prometheus: true,
    'prometheus.port': 9_000,
    'prometheus.host': '0.0.0.0',
    'prometheus.path': '/m',
  })
})

test('the configuration of OpenCensus is read from a file and from code, older names included', () => {
  const TRACE = {
    EXCLUDELIST_HOSTNAMES: ['localhost', '127.0.0.1'],
    BLACKLIST_PATHS: ['_ah/health'],
    SAMPLER: 'opencensus.trace.samplers.ProbabilitySampler(rate=1)',
    EXPORTER: "opencensus.trace.file_exporter.FileExporter(file_name='traces')",
    PROPAGATOR: 'opencensus.trace.propagation.google_cloud_format.GoogleCloudFormatPropagator()',
  }
  const expected = {
    'traces.ignoreHosts': ['localhost', '127.0.0.1'],
    'traces.ignorePaths': ['_ah/health'],
    'traces.sampler': { component: 'probability', options: { rate: 1 } },
    'traces.exporters': [{ component: 'file', options: { path: 'traces' } }],
    'traces.propagator': [{ component: 'googleCloud', options: {} }],
  }
  expect(settings({ json: { OPENCENSUS: { TRACE } } })).toEqual(expected)
  expect(settings({ code: { OPENCENSUS: { TRACE } } })).toEqual(expected)
  const both = { OPENCENSUS: { TRACE: { BLACKLIST_PATHS: ['old'], EXCLUDELIST_PATHS: ['new'] } } }
  expect(settings({ json: both })).toEqual({ 'traces.ignorePaths': ['new'] })
  expect(settings({ json: { ...both, traces: { excludelistPaths: ['own'] } } })).toEqual({ 'traces.ignorePaths': ['own'] })
})

test('all problems of all sources are reported at once, each with its path and a hint', () => {
  const sources = {
    code: { traces: { sampler: 'probabilty(1)', exporters: ['console', { fil: 'a' }] }, metric: { intervalMs: 1 } },
    env: { TALLYSCOPE_METRICS_INTERVAL_MS: 'soon', TALLYSCOPE_METRIC_RUNTIME: '1' },
    json: { prometheus: { port: 70_000 }, OPENCENSUS: { TRACE: { SAMPLE: 'x' } }, metrics: { intervallMs: 5 } },
  }
  const problems = [
    'traces.sampler: there is no sampler "probabilty" (perhaps probability)',
    'traces.exporters[1]: there is no exporter "fil" (perhaps file)',
    'metric: there is no such setting (one of service, enabled, resource, constantLabels, renameLabels, traces, metrics, cluster, prometheus, auto)',
    'TALLYSCOPE_METRICS_INTERVAL_MS: must be a number of milliseconds from 1 to 2147483647: it is "soon"',
    'TALLYSCOPE_METRIC_RUNTIME: there is no such variable (perhaps TALLYSCOPE_METRICS_RUNTIME)',
    'tallyscope.json: OPENCENSUS.TRACE.SAMPLE: there is no such setting (one of SAMPLER, EXPORTER, PROPAGATOR, EXCLUDELIST_PATHS, EXCLUDELIST_HOSTNAMES, BLACKLIST_PATHS, BLACKLIST_HOSTNAMES, INTEGRATIONS)',
    'tallyscope.json: prometheus.port: must be a port from 0 to 65535: it is 70000',
    'tallyscope.json: metrics.intervallMs: there is no such setting (perhaps metrics.intervalMs)',
  ]
  expect(problemsOf(sources)).toEqual(problems)
  const error = new ConfigurationError(read(sources).problems)
  expect(error.code).toBe('ERR_CONFIGURATION')
  expect(error.message).toBe(`the configuration has 8 problems:\n${problems.map((line) => `  ${line}`).join('\n')}`)
})

test.each([
  ['a string without pairs', { env: { TALLYSCOPE_CONSTANT_LABELS: 'shop' } }, 'TALLYSCOPE_CONSTANT_LABELS: must be labels'],
  ['an unset variable', { code: { constantLabels: { app: undefined } } }, 'constantLabels.app: must be a string, a number or a boolean'],
  ['a list', { json: { renameLabels: ['a'] } }, 'tallyscope.json: renameLabels: must be labels'],
])('labels given as %s are a problem', (_what, sources, problem) => {
  expect(problemsOf(sources)).toEqual([expect.stringContaining(problem)])
})

test('a file that is not a JSON object is one problem', () => {
  expect(problemsOf({ file: { name: 'a.json', text: '{' } })[0]).toMatch(/^a\.json: must be JSON: /)
  expect(problemsOf({ file: { name: 'a.json', text: '[]' } })).toEqual(['a.json: must contain an object'])
  expect(settings({ file: { name: 'a.json', text: '\ufeff{"enabled": false}' } })).toEqual({ enabled: false })
})

test('OpenTelemetry variables without a meaning here are warnings, and the others apply', () => {
  const { settings, problems, warnings } = read({
    env: {
      OTEL_TRACES_EXPORTER: 'zipkin,console',
      OTEL_METRICS_EXPORTER: 'prometheus,otlp',
      OTEL_PROPAGATORS: 'tracecontext,baggage,jaeger,xray',
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
      OTEL_EXPORTER_PROMETHEUS_PORT: '9999',
      OTEL_METRIC_EXPORT_INTERVAL: '-1',
      OTEL_METRIC_EXPORT_TIMEOUT: '500',
      OTEL_SDK_DISABLED: 'TRUE',
    },
  })
  expect(problems).toEqual([])
  expect(settings).toEqual({
    enabled: false,
    'traces.exporters': [{ component: 'console', options: {} }],
    'traces.propagator': [
      { component: 'traceContext', options: {} },
      { component: 'jaeger', options: {} },
    ],
    'metrics.exporters': [{ component: 'otlp', options: {} }],
    'metrics.exportTimeoutMs': 500,
    prometheus: true,
    'prometheus.port': 9_999,
  })
  expect(warnings.map(({ path }) => path)).toEqual([
    'OTEL_TRACES_SAMPLER',
    'OTEL_TRACES_EXPORTER',
    'OTEL_PROPAGATORS',
    'OTEL_METRIC_EXPORT_INTERVAL',
  ])
})

test("OpenTelemetry's samplers are ours", () => {
  const sampler = (name: string, arg?: string) =>
    settings({ env: { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg } })['traces.sampler']
  expect(sampler('traceidratio', '0.1')).toEqual({ component: 'probability', options: { rate: 0.1 } })
  expect(sampler('parentbased_traceidratio', '0.1')).toEqual({
    component: 'parentBased',
    options: { root: { component: 'probability', options: { rate: 0.1 } } },
  })
  expect(sampler('parentbased_always_on')).toEqual({ component: 'parentBased', options: { root: { component: 'alwaysOn', options: {} } } })
})

test.each(['abc', '1.5', '-1', '0.1),alwaysOn('])('a ratio of %s is 1, with a warning', (arg) => {
  const { settings, problems, warnings } = read({ env: { OTEL_TRACES_SAMPLER: 'ParentBased_TraceIdRatio', OTEL_TRACES_SAMPLER_ARG: arg } })
  expect(settings['traces.sampler']).toEqual({
    component: 'parentBased',
    options: { root: { component: 'probability', options: { rate: 1 } } },
  })
  const problem = `must be a number from 0 to 1: it is ${JSON.stringify(arg)}`
  expect([problems, warnings]).toEqual([[], [{ path: 'OTEL_TRACES_SAMPLER_ARG', problem, hint: '1 is used' }]])
})

test('an argument of a sampler without a ratio is ignored, and a small ratio is exact', () => {
  expect(read({ env: { OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: 'abc' } }).warnings).toEqual([])
  const env = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.0000001' }
  expect(settings({ env })['traces.sampler']).toEqual({ component: 'probability', options: { rate: 1e-7 } })
})

test.each([
  ['baggage', []],
  ['none', []],
  ['baggage,xray', []],
  ['xray', undefined],
  ['baggage,b3', [{ component: 'b3single', options: {} }]],
])('OTEL_PROPAGATORS=%s propagates only the traces that it names', (names, propagators) => {
  expect(settings({ env: { OTEL_PROPAGATORS: names } })['traces.propagator']).toEqual(propagators)
})

test("OpenTelemetry's port alone starts no server, and an empty variable is ignored", () => {
  expect(settings({ env: { OTEL_EXPORTER_PROMETHEUS_PORT: '9464', OTEL_SDK_DISABLED: '', TALLYSCOPE_ENABLED: ' ' } })).toEqual({
    'prometheus.port': 9_464,
  })
})

test('prometheus is enabled by a section, disabled by false', () => {
  expect(settings({ code: { prometheus: { port: 0 } } })).toEqual({ prometheus: true, 'prometheus.port': 0 })
  expect(settings({ code: { prometheus: {} } })).toEqual({ prometheus: true })
  expect(settings({ code: { prometheus: false }, env: { TALLYSCOPE_PROMETHEUS_PORT: '1' } })).toEqual({
    prometheus: false,
    'prometheus.port': 1,
  })
})

test('the resource is merged from all sources, label by label', () => {
  const { resource } = read({
    code: { service: 'shop', resource: { zone: 'a' } },
    env: { OTEL_SERVICE_NAME: 'other', OTEL_RESOURCE_ATTRIBUTES: 'zone=b,host=h', OC_RESOURCE_TYPE: 'host' },
    json: { resource: { rack: '7', host: 'x' } },
  })
  expect(resource).toEqual({ type: 'host', labels: { zone: 'a', 'service.name': 'shop', host: 'h', rack: '7' } })
  expect(read({ env: { OTEL_SERVICE_NAME: 'other' }, json: { service: 'file' } }).resource.labels).toEqual({ 'service.name': 'other' })
})

test('an invalid resource is a problem in code and a warning in the environment', () => {
  expect(problemsOf({ code: { service: '\ud800' } })).toEqual([
    'resource: resource label values must be at most 256 characters of well-formed Unicode: service.name is "\\ud800"',
  ])
  expect(read({ env: { OC_RESOURCE_LABELS: 'a' } }).warnings.map(({ path }) => path)).toEqual(['OC_RESOURCE_LABELS'])
})

test('exporters of metrics only are refused for traces', () => {
  for (const exporter of [
    'textfile(path=a.prom)',
    'pushgateway(url=http://a, job=b)',
    'statsd',
    'dogstatsd',
    'remotewrite(url=http://a)',
    'textpush(url=http://a)',
  ]) {
    const name = exporter.replace(/\(.*/, '')
    expect(problemsOf({ code: { traces: { exporters: exporter } } })).toEqual([
      `traces.exporters: ${name} takes metrics only (put it into metrics.exporters)`,
    ])
  }
  expect(problemsOf({ code: { traces: { exporters: 'hlog(path=a)' }, metrics: { exporters: 'console(transport=sync)' } } })).toEqual([
    'traces.exporters: hlog takes metrics only (put it into metrics.exporters)',
    'metrics.exporters: metrics have no transport: they are exported every interval (set metrics.intervalMs)',
  ])
})

test('short forms are accepted: a list with none, no traces, no metrics, a port alone, labels that are no strings', () => {
  const settingsOf = (code: Record<string, unknown>) => {
    const { settings, problems } = readConfiguration({ code, env: {} })
    expect(problems).toEqual([])
    return settings
  }
  expect(settingsOf({ traces: { exporters: ['none'] }, metrics: { exporters: ['None'] } })).toEqual({
    'traces.exporters': [],
    'metrics.exporters': [],
  })
  const constantLabels = { shard: 3, canary: true }
  expect(settingsOf({ constantLabels })).toEqual({ constantLabels: { shard: '3', canary: 'true' } })
  expect(settingsOf({ traces: false, metrics: false })).toEqual({
    'traces.sampler': { component: 'alwaysOff', options: {} },
    'traces.exporters': [],
    'traces.views': false,
    'metrics.exporters': [],
    'metrics.runtime': false,
  })
  expect(settingsOf({ prometheus: 9465 })).toEqual({ prometheus: true, 'prometheus.port': 9465 })
})

test('hints name only exporters that fit the setting', () => {
  const { problems } = readConfiguration({ code: { traces: { exporters: 'xyzzy' }, metrics: { exporters: 'xyzzy' } }, env: {} })
  expect(problems.map(({ hint }) => hint)).toEqual([
    'one of console, file, logging, memory, otlp, none',
    'one of console, file, logging, memory, hlog, textfile, pushgateway, otlp, statsd, dogstatsd, remotewrite, textpush, none',
  ])
})

test('cluster is a switch or the name of a group', () => {
  for (const [text, cluster] of [
    ['on', true],
    ['off', false],
    ['shop', 'shop'],
  ] as const) {
    expect(settings({ env: { TALLYSCOPE_CLUSTER: text } })).toEqual({ cluster })
    expect(settings({ json: { cluster: text } })).toEqual({ cluster })
  }
  expect(settings({ code: { cluster: true } })).toEqual({ cluster: true })
  expect(problemsOf({ json: { cluster: 7 } })).toEqual([
    'tallyscope.json: cluster: must be true, false or a name of 1 to 256 characters: it is 7',
  ])
})

test('a configuration of 70,000 unknown settings is read up to its hundredth problem, and its long names are cut', () => {
  const wrong = Object.fromEntries(Array.from({ length: 70_000 }, (_, at) => [`key${at}`, 1]))
  const { problems, settings } = readConfiguration({ code: {}, env: {}, file: { name: 'a.json', text: JSON.stringify(wrong) } })
  expect([problems.length, problems.at(-1)!.problem, settings]).toEqual([101, 'has more than 100 problems: the rest was not read', {}])
  const long = 'k'.repeat(1_000_000)
  const { problems: cut } = readConfiguration({ code: { [long]: 1 }, env: { [`TALLYSCOPE_${long}`]: '1' } })
  expect(cut.map(({ path }) => path.length)).toEqual([200, 200])
})
