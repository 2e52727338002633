// @ts-check
// A small shop under load, with everything it measures scraped, printed and written to a file: `npm start`.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConsoleExporter, exportPeriodically, FileExporter, runtimeMetrics, stats, TallyscopeError } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'
import { shopApp } from './app.js'
import { closeAtEnd } from './ending.js'
import { startLoad } from './load.js'
import { registry } from './measures.js'

const port = Number(process.env.PORT ?? 9464)
const folder = process.env.SHOP_FOLDER ?? fileURLToPath(new URL('../../.run/shop/', import.meta.url))
const metricsFile = join(folder, 'metrics.jsonl')
mkdirSync(folder, { recursive: true })

const producers = [stats, registry, runtimeMetrics()]

/** The requested port, or any free one if it is taken. */
async function serve() {
  try {
    return await serveMetrics({ port, producers })
  } catch (error) {
    if (!(TallyscopeError.is(error) && error.code === 'ERR_SERVER_LISTEN')) throw error
    console.log(`port ${port} is taken, so another one is used`)
    return await serveMetrics({ port: 0, producers })
  }
}

const endpoint = await serve()
const app = shopApp()
const shopUrl = await app.listen({ port: 0, host: '127.0.0.1' })
const tasks = [
  exportPeriodically({ producers, exporter: new FileExporter({ path: metricsFile }), intervalMs: 5_000 }),
  exportPeriodically({ producers: [stats, registry], exporter: new ConsoleExporter(), intervalMs: 5_000 }),
]
const stopLoad = startLoad(shopUrl)

console.log(`the shop is open at ${shopUrl}/products, its metrics are at`)
console.log(endpoint.url)
console.log(`and every 5 seconds here and in ${metricsFile}; Ctrl-C ends it`)

closeAtEnd(async () => {
  await stopLoad()
  await app.close()
  await Promise.all(tasks.map((task) => task.close())) // each exports once more
  await endpoint.close()
  stats.shutdown()
  console.log('the shop is closed, the last export is done')
})
