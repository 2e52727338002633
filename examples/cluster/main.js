// @ts-check
// Four workers behind one port, under load. Every two seconds one is killed and restarted: `node examples/cluster/main.js`, and watch
// the totals. They never fall, whichever worker answers. PORT and SECONDS choose the port and when it ends.
import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { shareMetrics } from 'tallyscope/cluster'

const WORKERS = 4
const port = process.env['PORT'] ?? '3000'
const seconds = Number(process.env['SECONDS'] ?? Infinity)
const origin = `http://127.0.0.1:${port}`

const group = shareMetrics() // the same line as in the workers
cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.js', import.meta.url)) })
const fork = () => cluster.fork({ PORT: port })
for (let started = 0; started < WORKERS; started++) fork()
let killed = 0
cluster.on('exit', () => fork())
await new Promise((resolve) => cluster.once('listening', resolve))

const options = () => ({ headers: { connection: 'close' }, signal: AbortSignal.timeout(1_000) })

let answered = 0
let isOver = false
async function load() {
  while (!isOver) {
    // A request may meet a worker that is killed at this moment, and is then never answered.
    const response = await fetch(`${origin}/orders`, { ...options(), method: 'POST' }).catch(() => undefined)
    if (response?.ok) answered++
    await sleep(5)
  }
}
const loads = [load(), load()]

/** The page of metrics. Any worker may answer, and each shows the metrics of all; one that is killed at this moment does not answer. */
async function scrape() {
  for (let attempt = 0; attempt < 3; attempt++) {
    const response = await fetch(`${origin}/metrics`, options()).catch(() => undefined)
    if (response?.ok) return response.text()
  }
  return ''
}

for (let second = 1; second <= seconds; second++) {
  await sleep(1_000)
  if (second % 2 === 0) {
    const workers = Object.values(cluster.workers ?? {})
    workers[second % workers.length]?.process.kill('SIGKILL')
    killed++
  }
  const orders = /^shop_orders_total (\d+)/m.exec(await scrape())?.[1] ?? 'not whole at the moment'
  console.log(`${second} s: orders ${orders}, answered ${answered}, workers killed ${killed}, members ${group.members().length}`)
}
isOver = true
await Promise.all(loads)
cluster.removeAllListeners('exit')
cluster.disconnect()
await group.leave()
