// @ts-check
// Sampled spans that are sent to an exporter with a promise: CPU time of the whole process per span.
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { AlwaysOnSampler as OurAlwaysOn, AsyncTransport, SyncTransport, Tracer } from 'tallyscope'
import { newStats } from '../ours.js'

/** Spans that end in one turn of the event loop, as those of a busy service do. */
const SPANS_A_TURN = 64
const TURNS = 256

const turn = () => new Promise((resolve) => setImmediate(resolve))

const exporter = { export: async () => {} }
const otelExporter = {
  export: (/** @type {unknown[]} */ _spans, /** @type {(result: { code: number }) => void} */ done) =>
    void Promise.resolve().then(() => done({ code: 0 })),
  shutdown: async () => {},
}

/**
 * @param {string} transport
 * @returns {(at: number) => void}
 */
function ours(transport) {
  const tracer = new Tracer({
    sampler: new OurAlwaysOn(),
    exporter,
    transport: (to) => (transport === 'batch' ? new AsyncTransport(to, { maxBatchSize: 512 }) : new SyncTransport(to)),
    stats: newStats(),
  })
  return (at) => {
    const span = tracer.startDetachedSpan('root')
    span.addAttribute('method', 'GET')
    span.addAttribute('items', at)
    span.end()
  }
}

/**
 * @param {import('@opentelemetry/sdk-trace-base').SpanProcessor} processor
 * @returns {(at: number) => void}
 */
function otel(processor) {
  const tracer = new BasicTracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [processor] }).getTracer('bench')
  return (at) => {
    const span = tracer.startSpan('root')
    span.setAttribute('method', 'GET')
    span.setAttribute('items', at)
    span.end()
  }
}

/**
 * CPU time of one span in nanoseconds.
 * @param {(at: number) => void} span
 * @param {number} turns
 */
async function cpuNs(span, turns) {
  const before = process.cpuUsage()
  for (let at = 0; at < turns; at++) {
    for (let i = 0; i < SPANS_A_TURN; i++) span(i)
    await turn()
  }
  const { user, system } = process.cpuUsage(before)
  return ((user + system) / (turns * SPANS_A_TURN)) * 1e3
}

/** @param {import('../harness.js').Bench} bench */
export async function run(bench) {
  const { rounds } = bench.settings
  for (const [name, spans] of Object.entries({
    'batches of sampled spans with 2 attributes, CPU': {
      tallyscope: ours('batch'),
      OpenTelemetry: otel(new BatchSpanProcessor(otelExporter)),
      'turns alone': () => {},
    },
    'sampled spans with 2 attributes, each exported at once, CPU': {
      tallyscope: ours('sync'),
      OpenTelemetry: otel(new SimpleSpanProcessor(otelExporter)),
      'turns alone': () => {},
    },
  })) {
    if (!bench.wants(name)) continue
    /** @type {{ [contender: string]: number[] }} */
    const samples = {}
    const contenders = Object.entries(spans)
    for (const [contender, span] of contenders) {
      samples[contender] = []
      await cpuNs(span, TURNS)
    }
    for (let round = 0; round < rounds; round++) {
      for (const [contender, span] of contenders) samples[contender]?.push(await cpuNs(span, TURNS))
    }
    bench.figures(name, 'ns', samples)
  }
}
