import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { build, freePort } from './group-program.js'

const run = promisify(execFile)
beforeAll(build, 120_000)

test('the totals of the example never decrease while its workers are killed', { timeout: 90_000 }, async () => {
  const main = join(import.meta.dirname, '../../examples/cluster/main.js')
  const env = { ...process.env, PORT: String(await freePort()), SECONDS: '7' }
  const { stdout } = await run(process.execPath, [main], { env, timeout: 60_000 })
  const lines = stdout.trim().split('\n')
  expect(lines).toHaveLength(7)
  const seen = lines.map((line) =>
    /^\d s: orders (\d+), answered (\d+), workers killed (\d), members (\d+)$/.exec(line)!.slice(1).map(Number),
  )
  const orders = seen.map(([total]) => total!)
  expect(orders).toEqual([...orders].sort((a, b) => a - b))
  const [total, answered, killed] = seen.at(-1)!
  expect(killed).toBe(3)
  // A worker that is killed takes along what it recorded since the last scrape, at most a second ago.
  expect(total).toBeGreaterThan(answered! / 3)
  expect(answered).toBeGreaterThan(20)
})
