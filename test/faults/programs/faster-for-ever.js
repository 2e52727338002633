// Sends 100 000 items a second to an exporter that hangs, and says by how much the memory of the process has grown since it was warm.
import { AsyncTransport } from 'tallyscope'

const { seconds } = JSON.parse(process.argv[2])
process.on('warning', () => {})
const transport = new AsyncTransport({ export: () => new Promise(() => {}) })
const memory = () => {
  for (let i = 0; i < 4; i++) globalThis.gc()
  return process.memoryUsage()
}
let sent = 0
const startMs = performance.now()
/** In steps of 10 ms, as many as are due. */
async function sendFor(ms) {
  const endMs = performance.now() + ms
  while (performance.now() < endMs) {
    const due = (performance.now() - startMs) * 100
    for (; sent < due; sent++) transport.send({ i: sent, text: `item ${sent}`.repeat(20) })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
await sendFor(3_000) // until the heap has the size that this rate of garbage takes
const warm = memory()
await sendFor(seconds * 1_000)
const end = memory()
const { accepted, queued, inFlight, dropped, rejected, exported } = transport.accounting
process.stdout.write(
  JSON.stringify({
    grown: end.rss - warm.rss,
    heapGrown: end.heapUsed - warm.heapUsed,
    queued,
    accepted,
    perSecond: accepted / (seconds + 3),
    balance: queued + inFlight + dropped + rejected + exported,
  }),
)
process.exit()
