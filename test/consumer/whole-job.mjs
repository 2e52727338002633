// The whole job of the package in one program, to be run under flags that take liberties away: prints what came of it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import * as tallyscope from 'tallyscope'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { traceLogFields } from 'tallyscope/logging'
import { PushGatewayExporter, TextfileExporter } from 'tallyscope/prometheus'
import { ManualClock } from 'tallyscope/testing'

const { count, sum, lastValue, distribution, exponential, percentiles, Stats, MemoryExporter, createTallyscope } = tallyscope
const ask = (url, headers = {}) =>
  new Promise((resolve, reject) => {
    get(url, { headers }, async (response) => {
      const chunks = []
      for await (const chunk of response) chunks.push(chunk)
      resolve({ status: response.statusCode, body: Buffer.concat(chunks) })
    }).once('error', reject)
  })

const folder = mkdtempSync(join(tmpdir(), 'tallyscope-whole-job-'))
const outcome = {}
let pushed = ''
const gateway = createServer(async (request, response) => {
  for await (const chunk of request) pushed += chunk
  response.writeHead(202).end()
})
await new Promise((resolve) => gateway.listen(0, '127.0.0.1', resolve))

const printed = []
const stream = new Writable({ write: (chunk, _encoding, done) => done(void printed.push(String(chunk))) })
const logged = []
const log = (_fields, message) => logged.push(message)
const memory = new MemoryExporter()
const spans = new MemoryExporter()
const stats = new Stats()
const scope = createTallyscope({
  stats,
  env: { TALLYSCOPE_TRACES_SAMPLER: 'parentBased(alwaysOn)', OTEL_RESOURCE_ATTRIBUTES: 'deployment=test' },
  traces: {
    exporters: [spans, new tallyscope.ConsoleExporter({ stream }), `file(path="${join(folder, 'spans.jsonl')}")`],
    transport: 'async',
    propagator: 'traceContext, b3, googleCloud',
  },
  metrics: {
    exporters: [
      memory,
      new tallyscope.ConsoleExporter({ stream }),
      new tallyscope.FileExporter({ path: join(folder, 'metrics.jsonl'), maxBytes: 1 << 20 }),
      new tallyscope.LoggingExporter({ logger: { debug: log, info: log, warn: log, error: log } }),
      new tallyscope.HlogExporter({ path: join(folder, 'a.hlog') }),
      new TextfileExporter({ path: join(folder, 'a.prom') }),
      new PushGatewayExporter({ url: `http://127.0.0.1:${gateway.address().port}`, job: 'whole', gzip: false }),
    ],
    runtime: true,
  },
  prometheus: { port: 0 },
})
await scope.start()

const latency = stats.measure('job/latency', { unit: 's', tagKeys: ['route'] })
const aggregations = {
  count: count(),
  sum: sum(),
  last: lastValue(),
  distribution: distribution([0.1, 1]),
  exponential: exponential(),
  percentiles: percentiles({ intervals: true }),
}
for (const [name, aggregation] of Object.entries(aggregations)) {
  stats.viewManager.registerView({ name: `job/${name}`, measure: latency, tagKeys: ['route'], aggregation })
}
await new Promise((resolve) => setTimeout(resolve, 200)) // percentiles are loaded when they are first used
const registry = scope.registry
registry.gauge('job/depth', { labelKeys: ['queue'] }).set(3, { queue: 'mail' })
registry.derivedGauge('job/now')

const client = instrumentHttpClient({ tracer: scope.tracer, stats })
await scope.tracer.span('job', async (span) => {
  span.addAttribute('a', 1)
  outcome.logFields = Object.keys(traceLogFields(scope.tracer))
  await tallyscope.withTags(tallyscope.TagMap.of({ route: '/context' }), async () => {
    await null
    stats.record(latency, 0.5)
  })
  stats.record(latency, 0.05, { route: '/object' })
  stats.record(latency, Number.NaN, { route: '/object' })
  stats.bind(latency, { route: '/bound' }).record(2)
  await ask(`http://127.0.0.1:${gateway.address().port}/elsewhere`)
})
client.stop()

const carrier = {}
const context = new tallyscope.SpanContext({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true })
for (const propagator of [new tallyscope.TraceContextPropagator(), new tallyscope.B3Propagator(), new tallyscope.GoogleCloudPropagator()]) {
  propagator.inject(context, (name, value) => (carrier[name] = value))
}
outcome.headers = carrier
outcome.tags = tallyscope.decodeTagsText(tallyscope.encodeTagsText(tallyscope.TagMap.of({ a: 'b c' })))?.get('a')

const clock = new ManualClock()
let runs = 0
const task = tallyscope.exportPeriodically({ producers: [stats], exporter: { export: () => void runs++ }, intervalMs: 1_000, clock })
await clock.advanceAsync(5_000)
await task.close()
outcome.runs = runs

outcome.scrapes = {}
for (const accept of [
  'text/plain',
  'application/openmetrics-text',
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
]) {
  const { status, body } = await ask(scope.metricsUrl, { accept })
  outcome.scrapes[accept.slice(0, 30)] = [
    status,
    ['job_count', 'job_distribution', 'job_exponential', 'job_percentiles', 'job_depth', 'process_'].filter((name) => body.includes(name)),
  ]
}
await scope.shutdown()
gateway.close()
gateway.closeAllConnections()

const lines = (name) => readFileSync(join(folder, name), 'utf8').trim().split('\n')
outcome.spans = spans.items.map(({ name }) => name).sort()
outcome.spanLines = lines('spans.jsonl').length
outcome.metricNames = [...new Set(memory.items.map(({ descriptor }) => descriptor.name))].filter((name) => name.startsWith('job/')).sort()
outcome.metricLines = lines('metrics.jsonl').every((line) => typeof JSON.parse(line) === 'object')
outcome.hlog = lines('a.hlog')[0].startsWith('#')
outcome.textfile = lines('a.prom').some((line) => line.startsWith('job_count_total{route="/context"} 1'))
outcome.pushed = pushed.includes('job_distribution_seconds_bucket{route="/bound",le="+Inf"} 1')
outcome.logged = logged.includes('Metric: job/count')
outcome.printed = printed.join('').includes('job/count')
rmSync(folder, { recursive: true })
console.log(JSON.stringify(outcome, undefined, 1))
