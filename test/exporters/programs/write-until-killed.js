// Appends numbered lines of very different lengths as fast as it can, until it is killed or has written so many, and
// says which it knows to be written.
import { writeSync } from 'node:fs'
import { FileExporter } from 'tallyscope'

const { path, start, count = Infinity, who } = JSON.parse(process.argv[2])
const exporter = new FileExporter({ path })
let next = start
const item = () => {
  const i = next++
  const length = i % 97 === 0 ? 100_000 : i % 13 === 0 ? 17_000 : 200 + (i % 2_000)
  return { who, i, text: 'x'.repeat(length), end: i }
}
while (next < start + count) {
  await exporter.export(Array.from({ length: 1 + (next % 40) }, item))
  writeSync(1, `${next - 1}\n`)
}
