// Everything that has a timer, and nothing else to do: the process must end by itself, at once.
import { AsyncTransport, exportPeriodically, MemoryExporter, stats } from 'tallyscope'

exportPeriodically({ producers: [stats, { getMetrics: () => new Promise(() => {}) }], exporter: new MemoryExporter(), intervalMs: 50 })
const transport = new AsyncTransport(new MemoryExporter(), { maxBatchSize: 2, waitPeriodMs: 20 })
transport.send(1)
const failing = new AsyncTransport(
  { export: () => Promise.reject(Object.assign(new Error('no'), { retryable: true })) },
  { maxBatchSize: 1 },
)
failing.send(1)
setTimeout(() => process.stdout.write('done\n'), 200)
