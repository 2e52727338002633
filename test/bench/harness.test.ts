import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { performancePage, resultsPage } from '../../bench/docs-page.js'
import { Bench, bytesPerCall, type Comparison } from '../../bench/harness.js'
import { LENGTH, type Loop, walkOn } from '../../bench/walk.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

function smoke(fill: (bench: Bench) => unknown, only = ''): { comparisons: Comparison[]; done: Promise<unknown> } {
  const comparisons: Comparison[] = []
  const bench = new Bench({ suite: 'own', mode: 'smoke', only, report: (each) => void comparisons.push(each) })
  return { comparisons, done: Promise.resolve(fill(bench)) }
}

const adding = (): Loop => {
  let sum = 0
  return (from, to) => {
    for (let at = from; at < to; at++) sum = (sum + at) | 0
    return sum
  }
}

const shelf = { object: {} as unknown }
const making = (): Loop => (from, to) => {
  for (let at = from; at < to; at++) shelf.object = { at, again: at }
  return to
}

test('a call with more work takes longer, and ratios are ours divided by theirs', () => {
  const slow = (): Loop => {
    const loop = adding()
    return (from, to) => {
      let sum = 0
      for (let times = 0; times < 50; times++) sum += loop(from, to)
      return sum
    }
  }
  const { comparisons } = smoke((bench) => bench.compare('add', { tallyscope: adding, peer: slow }))
  const [{ unit, contenders, ratios }] = comparisons as [Comparison]
  expect(unit).toBe('ns')
  expect(contenders['tallyscope']!.median).toBeGreaterThan(0)
  expect(ratios['peer']!.median).toBeLessThan(0.5)
  expect(ratios['peer']!.median).toBeCloseTo(contenders['tallyscope']!.median / contenders['peer']!.median)
})

test('loops cycle through all positions in order', () => {
  const positions: number[] = []
  const writing: Loop = (from, to) => {
    for (let at = from; at < to; at++) positions.push(at)
    return to
  }
  while (walkOn(writing) !== LENGTH) {
    // until the end, so that what follows begins at 0
  }
  positions.length = 0
  while (positions.length < 2 * LENGTH) walkOn(writing)
  expect(positions).toEqual(Array.from({ length: 2 * LENGTH }, (_, at) => at % LENGTH))
})

test('bytes per call are those of the objects that a call allocates', () => {
  expect(bytesPerCall(adding(), 5)).toBeLessThan(1)
  const bytes = bytesPerCall(making(), 5)
  expect(bytes).toBeGreaterThanOrEqual(20)
  expect(bytes).toBeLessThanOrEqual(64)
})

test('setup before a step is not timed, and contenders take turns in each round', async () => {
  const turns: string[] = []
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const step = (name: string) => ({
    before: () => wait(40),
    run: async () => {
      turns.push(name)
      return 7
    },
  })
  const { comparisons, done } = smoke((bench) => bench.compareSteps('steps', { tallyscope: step('a'), peer: step('b') }))
  expect(await done).toEqual({ tallyscope: [7, 7], peer: [7, 7] })
  expect(turns).toEqual(['a', 'b', 'b', 'a', 'a', 'b'])
  expect(comparisons[0]!.contenders['tallyscope']!.median).toBeLessThan(30)
})

test('a step that fails fails the comparison', async () => {
  const failing = { run: () => Promise.reject(new Error('no scrape')) }
  await expect(smoke((bench) => bench.compareSteps('steps', { tallyscope: failing })).done).rejects.toThrow('no scrape')
})

test('a filter excludes comparisons', () => {
  const { comparisons } = smoke((bench) => {
    bench.compareAll({ one: { tallyscope: adding }, two: { tallyscope: adding } })
    bench.figures('two figures', 'MB', { tallyscope: [1, 2, 3] })
  }, 'two')
  expect(comparisons.map(({ name }) => name)).toEqual(['two', 'two figures'])
  expect(comparisons[1]!.contenders['tallyscope']).toEqual({ median: 2, p25: 1.5, p75: 2.5 })
})

test('the bench runs, prints ratios and writes the results that the page is made from', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyscope-bench-'))
  try {
    const json = join(folder, 'results.json')
    const only = '--only=record: counter, one bound handle'
    const { stdout } = await run(process.execPath, ['--expose-gc', 'bench/main.js', '--smoke', only, `--json=${json}`], { cwd: root })
    expect(stdout).toContain('tallyscope ÷ prom-client = 1/')
    const results = JSON.parse(readFileSync(json, 'utf8'))
    expect(results.comparisons).toHaveLength(1)
    const { tallyscope, floor } = results.comparisons[0].contenders
    expect(tallyscope.bytes).toBeLessThan(16) // less than any object takes; the compiler may still allocate
    expect(floor.median).toBeGreaterThan(0)
    const page = performancePage([results]) + resultsPage([results])
    expect(page).toContain('| counter, one bound handle |')
    expect(page).toContain(`Node ${process.version}`)
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)
