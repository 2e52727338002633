// close() and shutdown() settle although only unref'd timers are left.
import { AsyncTransport, exportPeriodically, SyncTransport } from 'tallyscope'

const exporter = { name: 'hanging', export: () => new Promise(() => {}), shutdown: () => new Promise(() => {}) }
const task = exportPeriodically({ producers: [], exporter, intervalMs: 1_000, exportTimeoutMs: 100 })
await task.close()
const transport = new AsyncTransport(exporter, { gracePeriodMs: 100 })
transport.send(1)
await transport.flush(50)
await transport.shutdown()
const sync = new SyncTransport(exporter, { gracePeriodMs: 100 })
sync.send(1)
await sync.shutdown()
process.stdout.write('done\n')
