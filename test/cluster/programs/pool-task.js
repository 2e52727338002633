// What a thread of a piscina pool runs.
import { threadId } from 'node:worker_threads'
import { MetricRegistry } from 'tallyscope'
import { shareMetrics } from 'tallyscope/cluster'

const registry = new MetricRegistry()
const tasks = registry.counter('pool/tasks')
const group = shareMetrics({ producers: [registry] })

export default async ({ workMs, flushes }) => {
  tasks.inc()
  await new Promise((resolve) => void setTimeout(resolve, workMs))
  if (flushes) await group.flush()
  return threadId
}
