// Makes one of everything and has nothing else to do: the process must end by itself.
import { AsyncTransport, createTallyscope, exportPeriodically, installShutdownHooks, MemoryExporter, stats } from 'tallyscope'

const scope = createTallyscope({ service: 'idle', metrics: { runtime: true }, traces: { transport: 'async' }, env: {} })
exportPeriodically({ producers: [stats], exporter: new MemoryExporter() })
new AsyncTransport(new MemoryExporter()).send(1)
installShutdownHooks(scope)
await scope.start()
const madeMs = performance.now()
process.on('exit', () => process.stdout.write(`${JSON.stringify({ afterMs: performance.now() - madeMs, wholeMs: performance.now() })}\n`))
