import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
/** Classes whose code only those load who send. */
const LAZY = ['OtlpMetricExporter', 'OtlpTraceExporter', 'RemoteWriteExporter', 'StatsdExporter', 'PrometheusTextPushExporter']

/** The text of a module of dist and of all that it loads at once, without what it loads by `import()`. */
function loaded(file: string, seen = new Map<string, string>()): string {
  if (!seen.has(file) && existsSync(file)) {
    const text = readFileSync(file, 'utf8')
    seen.set(file, text)
    for (const [, from] of text.matchAll(/(?:^|[;\s}])(?:from|import)\s*["'](\.[^"']+)["']/g)) loaded(join(dirname(file), from!), seen)
    for (const [, from] of text.matchAll(/^(?:const|let|var) [^=\n]+= require\(["'](\.[^"']+)["']\)/gm))
      loaded(join(dirname(file), from!), seen)
  }
  return [...seen.values()].join('\n')
}

const declares = (text: string): string[] => LAZY.filter((name) => new RegExp(`class ${name}\\b|\\b${name} = class\\b`).test(text))

test.each([
  ['dist/esm/index.js', []],
  ['dist/cjs/index.js', []],
  ['dist/esm/exporters/otlp/index.js', ['OtlpMetricExporter', 'OtlpTraceExporter']],
  ['dist/cjs/exporters/otlp/index.js', ['OtlpMetricExporter', 'OtlpTraceExporter']],
  ['dist/esm/exporters/prometheus/remote-write/index.js', ['RemoteWriteExporter']],
  ['dist/esm/exporters/statsd/index.js', ['StatsdExporter']],
  ['dist/esm/exporters/prometheus/index.js', ['PrometheusTextPushExporter']],
])('%s loads only these exporters: %j', (file, names) => {
  expect(declares(loaded(join(root, file)))).toEqual(names)
})

test('bundlers leave imports of optional packages with native code as they are', () => {
  for (const [file, name] of [
    ['remote-write-exporter.js', 'snappy'],
    ['statsd-exporter.js', 'unix-dgram'],
  ]) {
    for (const format of ['esm', 'cjs']) {
      const text = readFileSync(join(root, 'dist', format, file!), 'utf8')
      expect(text.match(/\bimport\([^)]*\)/g), `${format} ${file}`).toEqual([
        expect.stringMatching(new RegExp(String.raw`^import\(\s*/\* webpackIgnore: true \*/\s*"${name}"\s*\)$`)),
      ])
    }
  }
})

test('every exporter has a test with the exporter contract', () => {
  const files = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, folder, name), 'utf8'))
  const classes = files('src/exporters').flatMap((text) => [...text.matchAll(/^export class (\w*Exporter)\b/gm)].map(([, name]) => name!))
  const contracts = files('test/exporters').filter((text) => text.includes('exporterContract'))
  expect(classes.length).toBeGreaterThan(10)
  expect(classes.filter((name) => !contracts.some((text) => text.includes(`new ${name}`)))).toEqual([])
})
