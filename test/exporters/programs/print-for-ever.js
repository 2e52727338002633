// Prints to a pipe that somebody closes.
import { ConsoleExporter, SyncTransport } from 'tallyscope'

const transport = new SyncTransport(new ConsoleExporter())
let rounds = 0
const timer = setInterval(() => {
  for (let i = 0; i < 100; i++) transport.send({ i, text: 'x'.repeat(100) })
  if (++rounds === 20) clearInterval(timer)
}, 5)
