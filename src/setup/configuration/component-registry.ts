export type ComponentKind = 'sampler' | 'exporter' | 'propagator' | 'transport'

/** The type of an option. */
export type OptionType =
  | 'number'
  | 'numberOrWord'
  | 'fileMode'
  | 'string'
  | 'boolean'
  | 'booleanOrWord'
  | 'strings'
  | 'labels'
  | 'sampler'
  | 'transport'

export interface ComponentDefinition {
  readonly name: string
  /** Other names: those of OpenTelemetry, and classes of OpenCensus, which are the last part of dotted names. */
  readonly aliases: readonly string[]
  readonly options: Readonly<Record<string, OptionType>>
  /** The options of positional values, in order. */
  readonly positional?: readonly string[]
  readonly required?: readonly string[]
  /** Names of options in other libraries, with a factor if the unit differs. */
  readonly optionAliases?: Readonly<Record<string, string | readonly [name: string, factor: number]>>
  /** For exporters: the signals that they can export. Default: both. */
  readonly signals?: readonly ('traces' | 'metrics')[]
  /** For exporters of both signals: options that are only for metrics. */
  readonly metricOptions?: readonly string[]
  /** Defaults of options for dotted names of OpenCensus. */
  readonly dottedDefaults?: Readonly<Record<string, string | number>>
}

const FILE = { file_name: 'path', fileName: 'path', file_path: 'path' }
const ASYNC = { max_batch_size: 'maxBatchSize', wait_period: ['waitPeriodMs', 1e3], grace_period: ['gracePeriodMs', 1e3] } as const

/** Options of all exporters that send by HTTP. */
const SENDER = {
  headers: 'labels',
  timeoutMs: 'number',
  concurrency: 'number',
  maxQueuedExports: 'number',
  ca: 'string',
  cert: 'string',
  key: 'string',
  userAgent: 'string',
} as const

const STATSD = {
  host: 'string',
  port: 'number',
  path: 'string',
  protocol: 'string',
  tagStyle: 'string',
  prefix: 'string',
  tags: 'labels',
  maxPacketBytes: 'number',
  buckets: 'boolean',
  distributions: 'string',
  percentiles: 'boolean',
  timeoutMs: 'number',
  maxQueuedExports: 'number',
} as const

/** All components that can be named in a configuration. */
export const COMPONENTS: Readonly<Record<ComponentKind, readonly ComponentDefinition[]>> = {
  sampler: [
    { name: 'alwaysOn', aliases: ['always_on', 'AlwaysOnSampler'], options: {} },
    { name: 'alwaysOff', aliases: ['always_off', 'AlwaysOffSampler', 'never'], options: {} },
    {
      name: 'probability',
      aliases: ['ProbabilitySampler', 'traceidratio'],
      options: { rate: 'number' },
      positional: ['rate'],
      optionAliases: { ratio: 'rate', probability: 'rate' },
    },
    {
      name: 'rateLimiting',
      aliases: ['rate_limiting', 'RateLimitingSampler'],
      options: { perSecond: 'number', burst: 'number' },
      positional: ['perSecond', 'burst'],
      optionAliases: { per_second: 'perSecond' },
    },
    {
      name: 'parentBased',
      aliases: ['parent_based', 'ParentBasedSampler'],
      options: { root: 'sampler' },
      positional: ['root'],
      required: ['root'],
    },
  ],
  exporter: [
    {
      name: 'console',
      aliases: ['print', 'PrintExporter', 'ConsoleExporter'],
      options: { format: 'string', maxSeries: 'number', maxBufferedBytes: 'number', transport: 'transport' },
      positional: ['format'],
      metricOptions: ['maxSeries'],
    },
    {
      name: 'file',
      aliases: ['FileExporter'],
      options: {
        path: 'string',
        maxBytes: 'number',
        maxFiles: 'number',
        maxQueuedBytes: 'number',
        maxItemBytes: 'number',
        fsync: 'string',
        mode: 'fileMode',
        followLinks: 'boolean',
        transport: 'transport',
      },
      positional: ['path'],
      required: ['path'],
      optionAliases: FILE,
      dottedDefaults: { path: 'opencensus-traces.json' },
    },
    {
      name: 'logging',
      aliases: ['log', 'LoggingExporter'],
      options: { level: 'string', loggerName: 'string', transport: 'transport' },
      positional: ['level'],
    },
    { name: 'memory', aliases: ['MemoryExporter'], options: { maxItems: 'number', transport: 'transport' }, positional: ['maxItems'] },
    {
      name: 'hlog',
      aliases: ['HlogExporter'],
      options: { path: 'string' },
      positional: ['path'],
      required: ['path'],
      signals: ['metrics'],
    },
    {
      name: 'textfile',
      aliases: ['TextfileExporter'],
      options: { path: 'string', mode: 'fileMode', deleteOnShutdown: 'boolean' },
      positional: ['path'],
      required: ['path'],
      signals: ['metrics'],
    },
    {
      name: 'pushgateway',
      aliases: ['PushGatewayExporter'],
      options: {
        url: 'string',
        job: 'string',
        mode: 'string',
        groupingKey: 'labels',
        gzip: 'boolean',
        headers: 'labels',
        timeoutMs: 'number',
        deleteOnShutdown: 'boolean',
      },
      positional: ['url', 'job'],
      required: ['url', 'job'],
      signals: ['metrics'],
    },
    {
      name: 'otlp',
      aliases: ['otlp_http', 'otlp_proto_http', 'otlphttp', 'OtlpExporter', 'OtlpMetricExporter', 'OtlpTraceExporter'],
      options: {
        endpoint: 'string',
        url: 'string',
        protocol: 'string',
        compression: 'string',
        ...SENDER,
        maxRequestBytes: 'number',
        temporality: 'string',
        histograms: 'string',
        exemplars: 'boolean',
        maxPointsPerRequest: 'number',
        transport: 'transport',
      },
      positional: ['endpoint'],
      metricOptions: ['temporality', 'histograms', 'exemplars', 'maxPointsPerRequest'],
    },
    {
      name: 'statsd',
      aliases: ['StatsdExporter', 'StatsDExporter'],
      options: STATSD,
      positional: ['host', 'port'],
      signals: ['metrics'],
    },
    {
      name: 'dogstatsd',
      aliases: ['datadog'],
      options: { ...STATSD, externalEnv: 'string', cardinality: 'string' },
      positional: ['host', 'port'],
      signals: ['metrics'],
    },
    {
      name: 'remotewrite',
      aliases: ['prometheusremotewrite', 'RemoteWriteExporter'],
      options: {
        url: 'string',
        job: 'string',
        instance: 'string',
        version: 'numberOrWord',
        externalLabels: 'labels',
        nativeHistograms: 'booleanOrWord',
        exemplars: 'boolean',
        metadata: 'boolean',
        createdTimestamps: 'boolean',
        staleMarkers: 'boolean',
        staleOnShutdown: 'boolean',
        maxSamplesPerRequest: 'number',
        maxRequestBytes: 'number',
        retryOn429: 'boolean',
        ...SENDER,
      },
      positional: ['url', 'job'],
      required: ['url'],
      signals: ['metrics'],
    },
    {
      name: 'textpush',
      aliases: ['victoriametrics', 'PrometheusTextPushExporter'],
      options: { url: 'string', extraLabels: 'labels', gzip: 'boolean', timestamps: 'boolean', maxRequestBytes: 'number', ...SENDER },
      positional: ['url'],
      required: ['url'],
      signals: ['metrics'],
    },
  ],
  propagator: [
    {
      name: 'traceContext',
      aliases: ['tracecontext', 'w3c', 'TraceContextPropagator'],
      options: {},
    },
    { name: 'b3', aliases: ['B3Propagator', 'B3FormatPropagator'], options: {} },
    { name: 'b3single', aliases: ['B3SinglePropagator'], options: {} },
    { name: 'b3multi', aliases: ['B3MultiPropagator'], options: {} },
    { name: 'jaeger', aliases: ['uber', 'JaegerPropagator'], options: {} },
    { name: 'googleCloud', aliases: ['gcp', 'google', 'GoogleCloudPropagator', 'GoogleCloudFormatPropagator'], options: {} },
    { name: 'binary', aliases: ['BinaryPropagator', 'BinaryFormatPropagator'], options: {} },
    { name: 'textMap', aliases: ['text', 'TextMapPropagator', 'TextFormatPropagator'], options: {} },
  ],
  transport: [
    { name: 'sync', aliases: ['SyncTransport'], options: {} },
    {
      name: 'async',
      aliases: ['AsyncTransport'],
      options: {
        maxBatchSize: 'number',
        waitPeriodMs: 'number',
        gracePeriodMs: 'number',
        maxQueueSize: 'number',
        maxQueueBytes: 'number',
        exportTimeoutMs: 'number',
        retries: 'number',
      },
      optionAliases: ASYNC,
    },
  ],
}

/** Components of other libraries that do not exist here, with a replacement. The pattern may match any part of a dotted name. */
export const REPLACEMENTS: readonly { readonly within: RegExp; readonly hint: string }[] = [
  { within: /ocagent|otlp|jaeger/i, hint: 'otlp(endpoint=http://localhost:4318), which Jaeger and collectors accept' },
  { within: /zipkin/i, hint: 'otlp(endpoint=http://localhost:4318) to a collector, which sends to Zipkin' },
  {
    within: /stackdriver|azure|datadog/i,
    hint: 'otlp(endpoint=http://localhost:4318) to a collector or an agent, or pass your own exporter in code',
  },
  { within: /prometheus/i, hint: 'set prometheus: { port: 9464 }' },
]

/** Integrations by their names here and in other libraries. */
export const INTEGRATIONS: Readonly<Record<string, string>> = {
  http: 'http',
  https: 'http',
  httplib: 'http',
  fetch: 'fetch',
  requests: 'fetch',
  undici: 'undici',
  httpx: 'fetch',
}
