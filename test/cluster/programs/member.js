// One process of a group, with threads if there are to be some. Commands come on stdin, one a line; facts go to stdout as JSON, one a line.
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { MetricRegistry } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'
import { shareMetrics } from 'tallyscope/cluster'

const settings = JSON.parse(process.argv[2] ?? '{}')
const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`)
const registry = new MetricRegistry()
const hits = registry.counter('shop/hits', { labelKeys: ['kind'] })
const busy = registry.gauge('shop/busy')
const threads = new Map()
let group

function startThread() {
  const thread = new Worker(new URL('./thread.js', import.meta.url), { workerData: settings })
  const id = thread.threadId
  threads.set(id, thread)
  thread.on('message', (fact) => tell({ thread: id, ...fact }))
  thread.on('error', () => {})
  thread.on('exit', () => {
    threads.delete(id)
    tell({ goneThread: id })
  })
}

async function share() {
  group = shareMetrics({ producers: [registry], ...settings.group })
  const { url } = await serveMetrics({ producers: [group], selfMetrics: false, port: 0 })
  tell({ url, pid: process.pid })
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { to, startThread: starts, share: shares, terminate, terminateAfterMs, ...command } = JSON.parse(line)
  if (terminateAfterMs !== undefined) setTimeout(() => threads.get(to)?.terminate(), terminateAfterMs)
  if (starts) startThread()
  else if (shares) void share()
  else if (terminate) void threads.get(to).terminate()
  else if (to !== undefined) threads.get(to)?.postMessage(command)
  else run(command)
})

function run({ add, block, members, leave, exit }) {
  if (add) {
    hits.inc(add, { kind: 'a' })
    busy.set(1)
    tell({ added: add })
  }
  if (block) for (const end = Date.now() + block; Date.now() < end; );
  if (members) tell({ members: group.members() })
  if (leave) void group.leave().then(() => tell({ left: true }))
  if (exit) process.exit(0)
}

for (let at = 0; at < (settings.threads ?? 0); at++) startThread()
if (settings.shares !== false) await share()
