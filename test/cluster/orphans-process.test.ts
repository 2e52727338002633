import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { build, type Fact, GroupProgram } from './group-program.js'

// A primary that ends before its workers. Its share of the totals is 1, that of each of two workers 10, and 100 after its end.

beforeAll(build, 120_000)

let program: GroupProgram | undefined
let temporary = ''
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'ts-orphans-'))
})
afterEach(async () => {
  await program?.kill()
  program = undefined
  rmSync(temporary, { recursive: true, force: true })
})

async function start(settings: object): Promise<void> {
  program = new GroupProgram('orphaned.js', { workers: 2, ...settings }, { TMPDIR: temporary })
  await program.fact((fact) => 'pid' in fact)
  const page = (): Promise<Fact> => program!.ask({ page: true }, (fact) => 'page' in fact)
  await expect.poll(async () => hitsOf(await page()), { timeout: 30_000 }).toBe(21)
}

const hitsOf = ({ page }: Fact): number | undefined => (page as Record<string, number> | undefined)?.['shop/hits']

function end(how: string): void {
  if (how === 'SIGKILL' || how === 'SIGTERM') program!.process.kill(how)
  else program!.command({ [how]: true })
}

test.each(['SIGKILL', 'SIGTERM', 'exit', 'leave'])(
  'workers that survive the %s of their primary show its totals',
  {
    timeout: 90_000,
  },
  async (how) => {
    await start({ survive: true, surviveMs: 3_000 })
    end(how)
    await program!.ended
    const pages = program!.facts.filter((fact) => 'orphan' in fact && hitsOf(fact) !== undefined)
    const shown = pages.map((fact) => hitsOf(fact)!)
    expect(shown).toEqual(shown.toSorted((a, b) => a - b))
    expect(shown.at(-1)).toBe(221)
    expect(pages.map(({ page }) => page)).toContainEqual({ 'shop/hits': 221, 'shop/busy': 2 })
    expect(new Set(pages.map(({ orphan }) => orphan)).size).toBe(2)
  },
)

test('the files of a primary that is killed, and of its workers, are removed by a later group', { timeout: 90_000 }, async () => {
  await start({})
  const folder = join(temporary, readdirSync(temporary).find((name) => name.startsWith('tallyscope-'))!)
  const [group] = readdirSync(folder)
  end('SIGKILL')
  await program!.ended // its workers have ended too, because they have its output
  expect(readdirSync(join(folder, group!))).not.toEqual([])
  const yesterdayS = Date.now() / 1_000 - 86_400
  utimesSync(join(folder, group!), yesterdayS, yesterdayS)
  await start({})
  await expect.poll(() => existsSync(join(folder, group!)), { timeout: 10_000 }).toBe(false)
})
