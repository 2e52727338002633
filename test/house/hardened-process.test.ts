import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

beforeAll(() => {
  spawnSync(process.execPath, ['scripts/build.js'], { cwd: root })
}, 120_000)

/** What the whole job of the built package comes to under some flags. */
async function outcome(...flags: string[]): Promise<any> {
  const { stdout, stderr } = await run(process.execPath, [...flags, '--no-warnings', 'test/consumer/whole-job.mjs'], { cwd: root })
  expect(stderr).toBe('')
  const whole = JSON.parse(stdout)
  expect(whole).toMatchObject({ runs: 6, hlog: true, textfile: true, pushed: true, logged: true, printed: true, spanLines: 2 })
  for (const [status, families] of Object.values<any>(whole.scrapes)) expect([status, families.length]).toEqual([200, 6])
  expect(whole.metricNames.length).toBe(7)
  return whole
}

test('the program has the same results if code generation from strings is disallowed', async () => {
  expect(await outcome('--disallow-code-generation-from-strings')).toEqual(await outcome())
})

test('the program has the same results with frozen intrinsics', async () => {
  expect(await outcome('--frozen-intrinsics')).toEqual(await outcome())
})

test('the program has the same results without __proto__', async () => {
  expect(await outcome('--disable-proto=throw')).toEqual(await outcome())
})
