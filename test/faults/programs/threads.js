// The library in the main thread and in several workers at once, all of which write to one file; one worker is killed.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { count, exportPeriodically, FileExporter, Stats, stats } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'

const { path, records } = isMainThread ? JSON.parse(process.argv[2]) : workerData
const name = isMainThread ? 'main' : workerData.name
const measure = stats.measure('calls', { tagKeys: ['thread'] })
stats.viewManager.registerView({ name: 'calls', measure, tagKeys: ['thread'], aggregation: count() })
const exporter = new FileExporter({ path })
const task = exportPeriodically({ producers: [stats], exporter, intervalMs: 20 })
const endpoint = await serveMetrics({ port: 0, producers: [stats], selfMetrics: false })

async function work() {
  for (let done = 0; done < records; ) {
    for (let i = 0; i < 1_000; i++, done++) stats.record(measure, 1, { thread: name })
    await new Promise((resolve) => setImmediate(resolve))
  }
  const text = await (await fetch(endpoint.url)).text()
  await task.close()
  await endpoint.close()
  return { name, text, isShared: stats instanceof Stats }
}

if (isMainThread) {
  const make = (workerName, more = {}) => new Worker(new URL(import.meta.url), { workerData: { path, records, name: workerName, ...more } })
  const workers = Array.from({ length: 4 }, (_, at) => make(`worker ${at}`))
  const killed = make('killed', { records: Infinity })
  await new Promise((resolve) => setTimeout(resolve, 200))
  await killed.terminate()
  const answers = await Promise.all([work(), ...workers.map((worker) => new Promise((resolve) => worker.once('message', resolve)))])
  process.stdout.write(`${JSON.stringify(answers)}\n`)
} else {
  parentPort.postMessage(await work())
}
