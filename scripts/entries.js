// The subpaths of the package and the file behind each. `package.json` is made to agree with it by
// `npm run entries`, and the lint step complains when it does not.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ENTRIES = {
  '.': 'index',
  './prometheus': 'exporters/prometheus/index',
  './statsd': 'exporters/statsd/index',
  './remote-write': 'exporters/prometheus/remote-write/index',
  './otlp': 'exporters/otlp/index',
  './fastify': 'integrations/fastify/index',
  './http-server': 'integrations/http-server/index',
  './http-client': 'integrations/http-client/index',
  './opentracing': 'integrations/opentracing/index',
  './prom-client': 'integrations/prom-client/index',
  './cluster': 'cluster/index',
  './logging': 'integrations/logging/index',
  './testing': 'testing/index',
  './auto': 'integrations/auto/index',
}

/** Entries that do something when they are imported; a bundler must not drop them. */
const ACTING = ['./auto']

const root = fileURLToPath(new URL('../', import.meta.url))
const manifestPath = `${root}package.json`

/** The files behind the subpaths, without extension, the main one first. */
export function entryFiles(sourceExists = (file) => existsSync(`${root}src/${file}.ts`)) {
  return Object.values(ENTRIES).filter(sourceExists)
}

/** The parts of the manifest that follow from the entry files there are. */
export function manifestParts(sourceExists = (file) => existsSync(`${root}src/${file}.ts`)) {
  const there = Object.entries(ENTRIES).filter(([, file]) => sourceExists(file))
  const acting = there.filter(([subpath]) => ACTING.includes(subpath)).map(([, file]) => `./dist/*/${file}.js`)
  const exports = {}
  for (const [subpath, file] of there) {
    const esm = { types: `./dist/esm/${file}.d.ts`, default: `./dist/esm/${file}.js` }
    const cjs = { types: `./dist/cjs/${file}.d.ts`, default: `./dist/cjs/${file}.js` }
    // `module-sync` first: where Node can require() ES modules, both ways of loading give the same copy.
    exports[subpath] = { 'module-sync': esm, import: esm, require: cjs }
  }
  exports['./package.json'] = './package.json'
  // For resolvers that know no `exports`: TypeScript's node10 mode reads the types of subpaths here.
  const typesVersions = {
    '*': Object.fromEntries(there.filter(([s]) => s !== '.').map(([s, file]) => [s.slice(2), [`./dist/cjs/${file}.d.ts`]])),
  }
  return { sideEffects: acting.length > 0 ? acting : false, exports, typesVersions }
}

/** True when the manifest already says what follows from the entry files. */
export function manifestAgrees() {
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'))
  return Object.entries(manifestParts()).every(([key, value]) => JSON.stringify(manifest[key]) === JSON.stringify(value))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'))
  Object.assign(manifest, manifestParts())
  writeFileSync(manifestPath, `${JSON.stringify(manifest, null, 2)}\n`)
}
