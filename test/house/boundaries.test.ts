import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { findFaults, ROOMS } from '../../scripts/boundaries.js'

/** Lays the files out as a src of their own and compares what the check says about them. */
function check(files: Record<string, string>, expected: string[]): void {
  const root = mkdtempSync(join(tmpdir(), 'tallyscope-boundaries-'))
  try {
    for (const [name, source] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), source)
    }
    expect(findFaults(root)).toEqual(expected)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('the source keeps the rules', () => {
  expect(findFaults(join(import.meta.dirname, '../../src'))).toEqual([])
})

test('the map in ARCHITECTURE.md says what is checked', () => {
  const map = readFileSync(join(import.meta.dirname, '../../ARCHITECTURE.md'), 'utf8')
  const rows = [...map.matchAll(/^\| (?:`src\/(\w+)`|(public files): .*?) \| .* \| (.*) \|$/gm)]
  expect(Object.fromEntries(rows.map(([, room, files, allowed]) => [room ?? files, allowed === '–' ? [] : allowed!.split(', ')]))).toEqual(
    ROOMS,
  )
})

test('a room may import only the rooms on its left', () => {
  check(
    {
      'base/clock.ts': '',
      'metrics/metric.ts': `import { a } from '../base/clock.js'\nimport { b } from '../stats/view.js'`,
      'stats/view.ts': '',
    },
    ['metrics/metric.ts: imports stats/view.ts: metrics may import base, not stats'],
  )
  check({ 'base/names.ts': `export * from '../metrics/metric.js'`, 'metrics/metric.ts': '' }, [
    'base/names.ts: imports metrics/metric.ts: base may import nothing of ours, not metrics',
  ])
  check({ 'tallyscope.ts': `import './integrations/fastify/plugin.js'`, 'integrations/fastify/plugin.ts': '' }, [
    'tallyscope.ts: imports integrations/fastify/plugin.ts: public files may import base, metrics, stats, trace, runtime, exporters, configuration, not integrations',
  ])
})

test('an import of types, an import() and a re-export are imports too', () => {
  const fault = 'stats/view.ts: imports trace/span.ts: stats may import base, metrics, not trace'
  for (const source of [
    `import type { Span } from '../trace/span.js'`,
    `import {\n  type Span, // for the parameter\n} from '../trace/span.js'`,
    `const load = () => import('../trace/span.js')`,
    `export { Span } from '../trace/span.js'`,
    `export function f(span: import('../trace/span.js').Span): void {}`,
  ]) {
    check({ 'stats/view.ts': source, 'trace/span.ts': '' }, [fault])
  }
})

test('what only looks like an import is none', () => {
  check(
    {
      'stats/view.ts': [
        `/** @example import { Span } from '../trace/span.js' */`,
        `// import '../trace/span.js'`,
        "export const a = `import '../trace/span.js' ${`import('../trace/span.js')`}`",
        `export const b = "import '../trace/span.js'"`,
        `export const c = /['"\`]/.test('import') ? 1 / 2 : 0`,
      ].join('\n'),
      'trace/span.ts': '',
    },
    [],
  )
})

test('exporters may import types of the trace room, and nothing else of it', () => {
  check(
    {
      'exporters/a.ts': `import type { SpanData } from '../trace/span-data.js'`,
      'exporters/b.ts': `import { type SpanData } from '../trace/span-data.js'`,
      'exporters/c.ts': `import { type SpanData, makeSpan } from '../trace/span-data.js'`,
      'trace/span-data.ts': '',
    },
    ['exporters/c.ts: imports trace/span-data.ts: exporters may import only types of trace'],
  )
})

test('exporters and integrations do not import the folders of each other', () => {
  check({ 'exporters/otlp/body.ts': `import { text } from '../prometheus/text.js'`, 'exporters/prometheus/text.ts': '' }, [
    'exporters/otlp/body.ts: imports exporters/prometheus/text.ts: exporters/prometheus is for itself and its users, others of exporters may not import it',
  ])
})

test('cycles are found, those of types alone included', () => {
  check(
    {
      'metrics/a.ts': `import type { B } from './b.js'`,
      'metrics/b.ts': `import { c } from './c.js'`,
      'metrics/c.ts': `export type { A } from './a.js'`,
      'metrics/d.ts': `import { a } from './a.js'`,
    },
    ['metrics/a.ts: import cycle metrics/a.ts → metrics/b.ts → metrics/c.ts → metrics/a.ts'],
  )
})

test('nothing imports an index.ts', () => {
  check({ 'exporters/prometheus/index.ts': '', 'testing/kit.ts': `import { x } from '../exporters/prometheus/index.js'` }, [
    'testing/kit.ts: imports exporters/prometheus/index.ts: an index.ts is for users of the package only, import the file itself',
  ])
})

test('only the clock reads time in the engine', () => {
  const fault = (file: string) => `${file}: reads time: only base/clock.ts does, take a Clock`
  check(
    {
      'base/clock.ts': 'export const now = () => Date.now()',
      'stats/a.ts': 'export const now = () => Date.now()',
      'stats/b.ts': 'export const now = () => performance.now()',
      'trace/c.ts': 'export const now = () => new Date()',
      'metrics/d.ts': 'export const now = () => process.hrtime.bigint()',
      'metrics/e.ts': 'export const day = (ms: number) => new Date(ms) // not Date.now()',
      'exporters/f.ts': 'export const now = () => Date.now()',
    },
    [fault('metrics/d.ts'), fault('stats/a.ts'), fault('stats/b.ts'), fault('trace/c.ts')],
  )
})

test('the engine does no I/O', () => {
  check({ 'metrics/a.ts': `import { readFileSync } from 'node:fs'\nimport { inspect } from 'node:util'` }, [
    'metrics/a.ts: imports node:fs: metrics does no I/O',
  ])
  check({ 'exporters/file.ts': `import { open } from 'node:fs/promises'` }, [])
})

test('packages are imported only where they are meant to be', () => {
  check(
    {
      'stats/a.ts': `import { build } from 'hdr-histogram-js'`,
      'stats/b.ts': `import type { Histogram } from 'hdr-histogram-js'\nexport const load = () => import('hdr-histogram-js')`,
      'exporters/c.ts': `import type { FastifyInstance } from 'fastify'`,
      'integrations/fastify/d.ts': `import type { FastifyInstance } from 'fastify'`,
      'exporters/e.ts': `import lodash from 'lodash'`,
      'exporters/f.ts': `import { open } from 'fs'`,
    },
    [
      'exporters/c.ts: imports fastify: optional peers are for integrations only',
      'exporters/e.ts: imports lodash: not a dependency of the package (built-in modules need the prefix node:)',
      'exporters/f.ts: imports fs: not a dependency of the package (built-in modules need the prefix node:)',
      'stats/a.ts: imports hdr-histogram-js at once: it is loaded when first asked for, by import()',
    ],
  )
})

test('drawers, unknown rooms, files that are not there and import.meta are told', () => {
  check(
    {
      'base/utils.ts': '',
      'metrics/text-helpers.ts': '',
      'misc/a.ts': '',
      'base/a.ts': `import { b } from './b.js'`,
      'base/shared-state.ts': 'export const here = import.meta.url',
    },
    [
      'base/a.ts: imports ./b.js, which is not a file of src (relative imports end in .js)',
      'base/shared-state.ts: uses import.meta, which the CommonJS build has not',
      'base/utils.ts: is a drawer, not a room: name it for what it holds',
      'metrics/text-helpers.ts: is a drawer, not a room: name it for what it holds',
      'misc/a.ts: is in a room that the map does not know, misc; the rooms are base, metrics, stats, trace, runtime, exporters, configuration, integrations, testing, public files',
    ],
  )
})
