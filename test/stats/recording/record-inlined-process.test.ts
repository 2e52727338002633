import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')

beforeAll(() => {
  spawnSync(process.execPath, ['scripts/build.js'], { cwd: root })
}, 120_000)

// Records in all ways, so that the compiler has reason to put all of them into `record`, and only then lets it compile the loop.
const PROGRAM = `
  import { count, distribution, Stats, sum } from 'tallyscope'
  const stats = new Stats()
  const handles = [[count()], [sum()], [distribution([1, 2, 4, 8])], [count(), sum(), distribution([1, 2, 4, 8])]].map((aggregations, at) => {
    const measure = stats.measure('m' + at, { tagKeys: ['k'] })
    aggregations.forEach((aggregation, view) => {
      stats.viewManager.registerView({ name: 'v' + at + view, measure, tagKeys: ['k'], aggregation })
    })
    return stats.bind(measure, { k: 'a' })
  })
  const [counter] = handles
  for (let i = 0; i < 200_000; i++) {
    handles[i % handles.length].record(i % 3 === 0 ? i / 2 : i % 10)
    if (i % 16 === 0) handles[2].record(1, { trace_id: 'a' })
    if (i % 16 === 8) await undefined
  }
  ;%OptimizeFunctionOnNextCall(counter.record)
  counter.record(1)
  function loop() {
    for (let i = 0; i < 1_000; i++) counter.record(1)
  }
  ;%PrepareFunctionForOptimization(loop)
  loop()
  loop()
  ;%OptimizeFunctionOnNextCall(loop)
  loop()
`

// Records fresh and kept objects, for views alone and together, so that each caller of the look-up is compiled too.
const LOOKUPS = `
  import { count, distribution, Stats, sum, TagMap } from 'tallyscope'
  const stats = new Stats()
  const measures = [[['a', 'b']], [['a']], [['a', 'b', 'c', 'd', 'e']], [['a', 'b'], ['a']]].map((views, at) => {
    const measure = stats.measure('m' + at)
    views.forEach((tagKeys, view) => {
      const aggregation = [count(), sum(), distribution([1, 2])][(at + view) % 3]
      stats.registerView({ name: 'v' + at + view, measure, tagKeys, aggregation })
    })
    return measure
  })
  const kept = { a: 'x', b: 'y' }
  for (let i = 0; i < 200_000; i++) {
    const measure = measures[i & 3]
    stats.record(measure, i % 3, { a: 'value' + (i % 4), b: 'another value ' + (i % 5), c: i % 2, d: 'd', e: 'e' })
    stats.record(measure, 1, kept)
    if (i % 32 === 0) stats.record(measure, 1, TagMap.of(kept))
    if (i % 1_000 === 0) await undefined
  }
`

// The rules and the limits are V8's, and others in later versions.
test.runIf(process.versions.node.startsWith('20.'))(
  'V8 compiles the look-up of a row by itself, with the look-ups of its values inlined, and inlines it into no caller',
  async () => {
    const flags = ['--trace-turbo-inlining', '--no-concurrent-recompilation', '--input-type=module', '-e', LOOKUPS]
    const { stdout } = await run(process.execPath, flags, { cwd: root, maxBuffer: 2 ** 26 })
    const inlined = [...stdout.matchAll(/^Inlining .*<SharedFunctionInfo (\w+)>\} into .*<SharedFunctionInfo (\w*)>\}/gm)]
    const into = (name: string): Set<string> => new Set(inlined.filter(([, callee]) => callee === name).map(([, , caller]) => caller!))
    expect(into('readLabel')).toEqual(new Set(['find']))
    expect(into('slotOf')).toContain('find')
  },
)

test.runIf(process.versions.node.startsWith('20.'))(
  'V8 inlines the record method of a handle into a loop, also after compiling it separately',
  async () => {
    const flags = [
      '--allow-natives-syntax',
      '--trace-turbo-inlining',
      '--no-concurrent-recompilation',
      '--input-type=module',
      '-e',
      PROGRAM,
    ]
    const { stdout } = await run(process.execPath, flags, { cwd: root, maxBuffer: 2 ** 26 })
    const inlined = /^Inlining .*<SharedFunctionInfo record>\} into .*<SharedFunctionInfo loop>\}/m.exec(stdout)
    expect(inlined).not.toBeNull()
    const before = stdout.slice(0, inlined?.index)
    expect(before).toMatch(/<SharedFunctionInfo record>\}, bytecode size: \d+, existing opt code's inlined bytecode size: [1-9]/)
  },
)
