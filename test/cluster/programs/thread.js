// A thread of member.js, of clustered.js or of a pool.
import { parentPort, threadId, workerData } from 'node:worker_threads'
import { MetricRegistry } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'
import { shareMetrics } from 'tallyscope/cluster'

const registry = new MetricRegistry()
const hits = registry.counter('shop/hits', { labelKeys: ['kind'] })
const busy = registry.gauge('shop/busy')
const group = shareMetrics({ producers: [registry], ...workerData?.group })
const endpoint = workerData?.servesInThreads && (await serveMetrics({ producers: [group], selfMetrics: false, port: 0 }))

parentPort.on('message', ({ add, block, exit, throw: fails, leave }) => {
  if (add) {
    hits.inc(add, { kind: 'a' })
    busy.set(1)
  }
  if (block) for (const end = Date.now() + block; Date.now() < end; );
  parentPort.postMessage({ added: add })
  if (exit) process.exit(0)
  if (fails) throw new Error('on purpose')
  if (leave) void group.leave().then(() => parentPort.postMessage({ left: true }))
})
parentPort.postMessage({ ready: threadId, url: endpoint?.url })
