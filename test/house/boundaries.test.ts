import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { findFaults, FOLDERS } from '../../scripts/boundaries.js'

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

test('the source follows the import rules', () => {
  expect(findFaults(join(import.meta.dirname, '../../src'))).toEqual([])
})

test('the table in ARCHITECTURE.md is the checked one', () => {
  const map = readFileSync(join(import.meta.dirname, '../../ARCHITECTURE.md'), 'utf8')
  const rows = [...map.matchAll(/^\| (?:`src\/([\w/-]+)`|(public files): .*?) \| .* \| (.*) \|$/gm)]
  expect(
    Object.fromEntries(rows.map(([, folder, files, allowed]) => [folder ?? files, allowed === '–' ? [] : allowed!.split(', ')])),
  ).toEqual(FOLDERS)
})

test('a folder may import only the folders listed for it', () => {
  check(
    {
      'base/clock.ts': '',
      'metrics/data/metric.ts': `import { a } from '../../base/clock.js'\nimport { b } from '../../stats/views/view.js'`,
      'stats/views/view.ts': '',
    },
    ['metrics/data/metric.ts: imports stats/views/view.ts: metrics/data may import base, not stats/views'],
  )
  check({ 'base/strings/names.ts': `export * from '../../metrics/data/metric.js'`, 'metrics/data/metric.ts': '' }, [
    'base/strings/names.ts: imports metrics/data/metric.ts: base/strings may import nothing of ours, not metrics/data',
  ])
})

test('subfolders of one folder import each other only as listed', () => {
  check({ 'metrics/data/metric.ts': `import '../store/row-store.js'`, 'metrics/store/row-store.ts': '' }, [
    'metrics/data/metric.ts: imports metrics/store/row-store.ts: metrics/data may import base, not metrics/store',
  ])
  check({ 'stats/tags/tag-map.ts': `import '../stats.js'`, 'stats/stats.ts': '' }, [
    'stats/tags/tag-map.ts: imports stats/stats.ts: stats/tags may import base, metrics/data, metrics/labels, not stats',
  ])
  check({ 'stats/stats.ts': `import './tags/tag-map.js'`, 'stats/tags/tag-map.ts': '' }, [])
})

test('a listed folder includes all folders in it', () => {
  check({ 'http/attributes.ts': `import '../trace/span/span.js'`, 'trace/span/span.ts': '' }, [])
})

test('setup loads integrations only when they are started', () => {
  const plugin = { 'integrations/fastify/plugin.ts': '' }
  check({ 'setup/a.ts': `const load = () => import('../integrations/fastify/plugin.js')`, ...plugin }, [])
  check({ 'setup/a.ts': `import '../integrations/fastify/plugin.js'`, ...plugin }, [
    'setup/a.ts: imports integrations/fastify/plugin.ts: setup may import base, metrics, stats, trace, runtime, serving, exporters, setup, cluster and integrations when they are started, not integrations',
  ])
})

test('type imports, import() and re-exports are imports too', () => {
  const fault =
    'stats/views/view.ts: imports trace/span/span.ts: stats/views may import base, metrics/data, metrics/labels, metrics/cells, metrics/store, metrics/histograms, stats/tags, stats/recording, not trace/span'
  for (const source of [
    `import type { Span } from '../../trace/span/span.js'`,
    `import {\n  type Span, // for the parameter\n} from '../../trace/span/span.js'`,
    `const load = () => import('../../trace/span/span.js')`,
    `export { Span } from '../../trace/span/span.js'`,
    `export function f(span: import('../../trace/span/span.js').Span): void {}`,
  ]) {
    check({ 'stats/views/view.ts': source, 'trace/span/span.ts': '' }, [fault])
  }
})

test('imports in comments, strings and expressions are not imports', () => {
  check(
    {
      'stats/views/view.ts': [
        `/** @example import { Span } from '../../trace/span/span.js' */`,
        `// import '../../trace/span/span.js'`,
        "export const a = `import '../../trace/span/span.js' ${`import('../../trace/span/span.js')`}`",
        `export const b = "import '../../trace/span/span.js'"`,
        `export const c = /['"\`]/.test('import') ? 1 / 2 : 0`,
      ].join('\n'),
      'trace/span/span.ts': '',
    },
    [],
  )
})

test('exporters may import only types from trace/data', () => {
  check(
    {
      'exporters/a.ts': `import type { SpanData } from '../trace/data/span-data.js'`,
      'exporters/b.ts': `import { type SpanData } from '../trace/data/span-data.js'`,
      'exporters/c.ts': `import { type SpanData, makeSpan } from '../trace/data/span-data.js'`,
      'trace/data/span-data.ts': '',
    },
    ['exporters/c.ts: imports trace/data/span-data.ts: exporters may import only types of trace/data'],
  )
})

test("exporters do not import each other's folders", () => {
  check({ 'exporters/console/a.ts': `import '../file/line-file.js'`, 'exporters/file/line-file.ts': '' }, [
    'exporters/console/a.ts: imports exporters/file/line-file.ts: exporters/console may import base, exporters, metrics/data, types of trace/data, not exporters/file',
  ])
  check({ 'exporters/console/a.ts': `import '../json-lines.js'`, 'exporters/json-lines.ts': '' }, [])
})

test("integrations do not import each other's folders", () => {
  check({ 'integrations/fastify/a.ts': `import '../logging/b.js'`, 'integrations/logging/b.ts': '' }, [
    'integrations/fastify/a.ts: imports integrations/logging/b.ts: integrations/logging is for itself and its users, other integrations may not import it',
  ])
})

test('cycles are found, also those of type imports alone', () => {
  check(
    {
      'metrics/store/a.ts': `import type { B } from './b.js'`,
      'metrics/store/b.ts': `import { c } from './c.js'`,
      'metrics/store/c.ts': `export type { A } from './a.js'`,
      'metrics/store/d.ts': `import { a } from './a.js'`,
    },
    ['metrics/store/a.ts: import cycle metrics/store/a.ts → metrics/store/b.ts → metrics/store/c.ts → metrics/store/a.ts'],
  )
})

test('nothing imports an index.ts', () => {
  check({ 'exporters/prometheus/index.ts': '', 'testing/kit.ts': `import { x } from '../exporters/prometheus/index.js'` }, [
    'testing/kit.ts: imports exporters/prometheus/index.ts: an index.ts is for users of the package only, import the file itself',
  ])
})

test('only the clock reads the time in the engine', () => {
  const fault = (file: string) => `${file}: reads time: only base/clock.ts does, take a Clock`
  check(
    {
      'base/clock.ts': 'export const now = () => Date.now()',
      'stats/a.ts': 'export const now = () => Date.now()',
      'stats/b.ts': 'export const now = () => performance.now()',
      'trace/c.ts': 'export const now = () => new Date()',
      'metrics/store/d.ts': 'export const now = () => process.hrtime.bigint()',
      'metrics/store/e.ts': 'export const day = (ms: number) => new Date(ms) // not Date.now()',
      'exporters/f.ts': 'export const now = () => Date.now()',
    },
    [fault('metrics/store/d.ts'), fault('stats/a.ts'), fault('stats/b.ts'), fault('trace/c.ts')],
  )
})

test('the engine does no I/O', () => {
  check({ 'metrics/store/a.ts': `import { readFileSync } from 'node:fs'\nimport { inspect } from 'node:util'` }, [
    'metrics/store/a.ts: imports node:fs: metrics does no I/O',
  ])
  check({ 'exporters/file.ts': `import { open } from 'node:fs/promises'` }, [])
})

test('packages are imported only in the listed folders', () => {
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
      'stats/a.ts: imports hdr-histogram-js at once: it is loaded when it is first needed, by import()',
    ],
  )
})

test('forbidden file names, unknown folders, missing files and import.meta are reported', () => {
  check(
    {
      'base/utils.ts': '',
      'metrics/store/text-helpers.ts': '',
      'misc/a.ts': '',
      'base/a.ts': `import { b } from './b.js'`,
      'base/process-global.ts': 'export const here = import.meta.url',
    },
    [
      'base/a.ts: imports ./b.js, which is not a file of src (relative imports end in .js)',
      'base/process-global.ts: uses import.meta, which the CommonJS build has not',
      'base/utils.ts: has a name that fits any file: name it after its content',
      'metrics/store/text-helpers.ts: has a name that fits any file: name it after its content',
      'misc/a.ts: is in an unknown folder, misc; the folders are ' + Object.keys(FOLDERS).join(', '),
    ],
  )
})
