// @ts-check
// The cost of importing each subpath, compared with peers: time, and the amount of loaded code. Each sample is a process of its own,
// contenders in turn, because a module can be loaded only once.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run_ = promisify(execFile)
const program = fileURLToPath(new URL('import-process.js', import.meta.url))

/** What is imported by each, together. */
const CASES = {
  'metrics and tracing': {
    tallyscope: ['tallyscope'],
    'prom-client': ['prom-client'],
    OpenTelemetry: [
      '@opentelemetry/api',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/sdk-trace-base',
      '@opentelemetry/context-async-hooks',
    ],
    OpenCensus: ['@opencensus/core'],
  },
  'metrics and an endpoint for Prometheus': {
    tallyscope: ['tallyscope', 'tallyscope/prometheus'],
    'prom-client': ['prom-client', 'node:http'],
    OpenTelemetry: ['@opentelemetry/api', '@opentelemetry/sdk-metrics', '@opentelemetry/exporter-prometheus'],
  },
  'plugin for Fastify': { tallyscope: ['tallyscope/fastify'], 'fastify-metrics': ['fastify-metrics'], OpenTelemetry: ['@fastify/otel'] },
  'outgoing HTTP': { tallyscope: ['tallyscope/http-client'], OpenTelemetry: ['@opentelemetry/instrumentation-http'] },
  OpenTracing: { tallyscope: ['tallyscope/opentracing'], 'jaeger-client': ['jaeger-client'] },
  'bridge to prom-client': { tallyscope: ['tallyscope/prom-client'] },
  'trace ids for logs': { tallyscope: ['tallyscope/logging'] },
  'tests of exporters': { tallyscope: ['tallyscope/testing'] },
  'everything, from the environment': { tallyscope: ['tallyscope/auto'] },
}

/**
 * @param {'time' | 'code'} what
 * @param {readonly string[]} modules
 * @returns {Promise<{ ms?: number, bytes?: number, files?: number }>}
 */
async function imported(what, modules) {
  const env = { PATH: process.env.PATH ?? '' }
  const { stdout } = await run_(process.execPath, ['--no-warnings', program, what, ...modules], { env })
  return JSON.parse(stdout.slice(stdout.lastIndexOf('{"seen"'))).seen
}

/** @param {import('./harness.js').Bench} bench */
export async function run(bench) {
  const rounds = { smoke: 1, quick: 7, check: 15, full: 31 }[bench.mode]
  // Each sample starts a process: the quick mode has time for the two that most programs import.
  const cases = Object.entries(CASES).slice(0, bench.mode === 'quick' ? 2 : undefined)
  for (const [name, contenders] of cases) {
    const names = { time: `time to import, ${name}`, code: `code loaded, ${name}` }
    if (!bench.wants(names.time) && !bench.wants(names.code)) continue
    /** @type {{ [contender: string]: number[] }} */
    const times = {}
    /** @type {{ [contender: string]: number[] }} */
    const kilobytes = {}
    /** @type {{ [contender: string]: string }} */
    const notes = {}
    for (const [contender, modules] of Object.entries(contenders)) {
      times[contender] = []
      const { bytes = 0, files = 0 } = await imported('code', modules) // for the file system's cache too
      kilobytes[contender] = [bytes / 1e3]
      notes[contender] = `${files} files`
    }
    for (let round = 0; round < rounds; round++) {
      for (const [contender, modules] of Object.entries(contenders))
        times[contender]?.push((await imported('time', modules)).ms ?? Number.NaN)
    }
    bench.figures(names.time, 'ms', times)
    bench.figures(names.code, 'kB', kilobytes, notes)
  }
}
