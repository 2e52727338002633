// Exports batch after batch under a limit that the test has set for this process, then, where it can, without it, and says
// what has become of each.
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs'
import { FileExporter } from 'tallyscope'

const { path, limit, batches = 40, uid } = JSON.parse(process.argv[2])
const surprises = []
process.on('uncaughtException', (error) => surprises.push(String(error)))
process.on('unhandledRejection', (error) => surprises.push(String(error)))
process.on('warning', () => {})
if (uid !== undefined) process.setuid(uid)

const descriptors = () => readdirSync('/proc/self/fd').length
const exporter = new FileExporter({ path })
const ends = []
let sent = 0
const send = async () => {
  const items = Array.from({ length: 10 }, () => ({ i: sent++, text: 'x'.repeat(1_000) }))
  await exporter.export(items).then(
    () => ends.push({ delivered: 10 }),
    (error) => ends.push({ delivered: error.delivered, code: error.code, cause: error.cause?.code, retryable: error.retryable }),
  )
}

if (limit === 'descriptors') {
  const before = descriptors()
  const taken = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    // there are no more
  }
  for (let i = 0; i < 20; i++) await send()
  // One is enough to write, but not to look whether the file ends in a whole line.
  closeSync(taken.pop())
  for (let i = 0; i < 5; i++) await send()
  for (const fd of taken) closeSync(fd)
  const full = ends.length
  for (let i = 0; i < 5; i++) await send()
  await exporter.shutdown()
  const leaked = descriptors() - before // before stdout is touched, which has one of its own
  process.stdout.write(JSON.stringify({ ends, full, leaked, surprises }))
} else {
  for (let i = 0; i < batches; i++) await send()
  if (limit === 'size') {
    rmSync(path) // a rotation: the new file has room again
    for (let i = 0; i < 3; i++) await send()
  }
  await exporter.shutdown()
  process.stdout.write(JSON.stringify({ ends, surprises }))
}
