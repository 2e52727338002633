// Flushes so many items, then has some more wait, and crashes in a way that lets nothing run.
import { AsyncTransport, FileExporter } from 'tallyscope'

const { path, how } = JSON.parse(process.argv[2])
const transport = new AsyncTransport(new FileExporter({ path }), { maxBatchSize: 100 })
let sent = 0
const send = (items) => {
  for (let i = 0; i < items; i++) transport.send({ i: sent++, text: 'x'.repeat(sent % 500) })
}
send(1_000)
await transport.flush()
send(50)
if (how === 'abort') process.abort()
const hoard = []
for (;;) hoard.push(new Array(100_000).fill(hoard.length + 0.5).map(String))
