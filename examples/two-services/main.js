// @ts-check
// Starts both services, sends a few requests through them, and shows what there is to see: `node examples/two-services/main.js`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = process.env.DEMO_FOLDER ?? fileURLToPath(new URL('../../.run/two-services/', import.meta.url))
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

/**
 * @param {string} name
 * @param {Record<string, string>} env
 */
async function start(name, env = {}) {
  const traces = join(folder, `${name}.jsonl`)
  const child = fork(fileURLToPath(new URL(`${name}.js`, import.meta.url)), { env: { ...process.env, ...env, PORT: '0', TRACES: traces } })
  const [{ url }] = /** @type {[{ url: string }]} */ (await once(child, 'message'))
  const stop = async () => {
    child.disconnect()
    await once(child, 'exit')
    return readFileSync(traces, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)) // one document a span
  }
  return { url, stop }
}

const stock = await start('stock')
const shop = await start('shop', { STOCK_URL: stock.url })

for (const product of ['tea', 'pot', 'hat', 'tea']) {
  const answer = await fetch(`${shop.url}/products/${product}`, { headers: { 'x-region': 'north' } })
  console.log(product, answer.status, await answer.text())
}

/** @param {string} url @param {RegExp} wanted @param {string} [accept] */
async function show(url, wanted, accept = 'text/plain') {
  const text = await (await fetch(`${url}/metrics`, { headers: { accept } })).text()
  console.log(
    text
      .split('\n')
      .filter((line) => wanted.test(line))
      .join('\n'),
  )
}
console.log('\nrate and errors of both services, by their latency views:')
for (const { url } of [shop, stock]) await show(url, /^http_(server|client)_duration_seconds_count/)
console.log('\nthe tag that came along:')
await show(stock.url, /^stock_asked/)
console.log('\nan exemplar ties a bucket to a trace:')
await show(shop.url, /^http_server_duration_seconds_bucket.*trace_id/, 'application/openmetrics-text; version=1.0.0')

const documents = [...(await shop.stop()), ...(await stock.stop())]
const spans = documents.flatMap(({ traceId, spans }) => spans.map((/** @type {any} */ span) => ({ ...span, traceId })))
console.log('\none trace, through both:')
const first = spans.find(({ parentSpanId }) => parentSpanId === undefined)
/** @param {any} span @param {number} depth */
function print(span, depth) {
  console.log(`${'  '.repeat(depth)}${span.displayName?.value ?? span.name}`)
  for (const child of spans) if (child.traceId === span.traceId && child.parentSpanId === span.spanId) print(child, depth + 1)
}
if (first !== undefined) print(first, 0)
