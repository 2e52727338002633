// Many of everything, started, used and shut down: what is left then, and what was warned of.
import { get } from 'node:http'
import { createTallyscope, installShutdownHooks, count, Stats } from 'tallyscope'

const { folder, instances, rounds } = JSON.parse(process.argv[2])
const warnings = []
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`))

const resources = () => process.getActiveResourcesInfo().sort()
const listeners = () => Object.fromEntries(process.eventNames().map((event) => [String(event), process.listenerCount(event)]))
const scraped = (url) =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => response.resume().on('end', () => resolve(response.statusCode))).on('error', reject)
  })

async function round() {
  const scopes = Array.from({ length: instances }, (_, at) =>
    createTallyscope({
      service: `service ${at}`,
      stats: new Stats(),
      traces: { sampler: 'alwaysOn', exporters: { file: { path: `${folder}/spans-${at}.jsonl` } }, transport: 'async' },
      metrics: { exporters: { file: { path: `${folder}/metrics-${at}.jsonl` } }, intervalMs: 50, runtime: true },
      prometheus: { port: 0 },
      env: {},
    }),
  )
  const uninstalls = scopes.map((scope) => installShutdownHooks(scope))
  await Promise.all(scopes.map((scope) => scope.start()))
  for (const { stats, tracer } of scopes) {
    const measure = stats.measure('calls')
    stats.viewManager.registerView({ name: 'calls', measure, aggregation: count() })
    stats.record(measure, 1)
    tracer.span('work', () => {})
  }
  const statuses = await Promise.all(scopes.map(({ metricsUrl }) => scraped(metricsUrl)))
  if (statuses.some((status) => status !== 200)) throw new Error(`scraped ${statuses}`)
  await Promise.all(scopes.map((scope) => scope.shutdown()))
  for (const uninstall of uninstalls) uninstall()
  return scopes.flatMap((scope) => [scope, scope.stats, scope.tracer, scope.registry]).map((part) => new WeakRef(part))
}

/** Turns enough for sockets to close and for what is held by promises alone to be let go of. */
async function settled() {
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    gc()
  }
}

await round() // what is loaded or made once in a process
await settled()
const before = { resources: resources(), listeners: listeners(), heap: process.memoryUsage().heapUsed }
const refs = []
for (let i = 0; i < rounds; i++) refs.push(...(await round()))
await settled()
const after = { resources: resources(), listeners: listeners(), heap: process.memoryUsage().heapUsed }
const alive = refs.filter((ref) => ref.deref() !== undefined).length
process.stdout.write(`${JSON.stringify({ before, after, warnings, parts: refs.length, alive })}\n`)
