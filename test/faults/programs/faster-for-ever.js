// Sends 100 000 items a second to an exporter that hangs, and says by how much the memory of the process has grown since it was warm.
import { AsyncTransport } from 'tallyscope'

const { seconds } = JSON.parse(process.argv[2])
process.on('warning', () => {})
const transport = new AsyncTransport({ export: () => new Promise(() => {}) })
const rss = () => {
  for (let i = 0; i < 4; i++) globalThis.gc()
  return process.memoryUsage().rss
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
await sendFor(1_000)
const warm = rss()
await sendFor(seconds * 1_000)
const grown = rss() - warm
const { accepted, queued, inFlight, dropped, rejected, exported } = transport.accounting
process.stdout.write(
  JSON.stringify({
    grown,
    queued,
    accepted,
    perSecond: accepted / (seconds + 1),
    balance: queued + inFlight + dropped + rejected + exported,
  }),
)
process.exit()
