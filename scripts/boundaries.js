// Checks the imports of src, and a few rules for its files. The rules are in ARCHITECTURE.md.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sourceFacts } from './source-facts.js'

/**
 * The folders that each folder of src may import besides itself. The files directly in a folder with subfolders have a rule of their own.
 * In a list, the name of a folder includes its subfolders. `types of …` allows only `import type`.
 */
export const FOLDERS = {
  'base/strings': [],
  base: ['base'],
  'metrics/data': ['base'],
  'metrics/labels': ['base'],
  'metrics/cells': ['base', 'metrics/data'],
  'metrics/store': ['base', 'metrics/data', 'metrics/labels', 'metrics/cells'],
  'metrics/histograms': ['base', 'metrics/data', 'metrics/cells'],
  'metrics/instruments': ['base', 'metrics/data', 'metrics/labels', 'metrics/cells', 'metrics/store', 'metrics/histograms'],
  'metrics/collection': ['base', 'metrics/data'],
  'stats/tags': ['base', 'metrics/data', 'metrics/labels'],
  'stats/recording': ['base', 'metrics/data', 'metrics/labels', 'metrics/cells', 'metrics/store', 'stats/tags'],
  'stats/views': [
    'base',
    'metrics/data',
    'metrics/labels',
    'metrics/cells',
    'metrics/store',
    'metrics/histograms',
    'stats/tags',
    'stats/recording',
  ],
  stats: ['base', 'metrics/data', 'metrics/labels', 'metrics/store', 'stats'],
  'trace/context': ['base'],
  'trace/data': ['base', 'trace/context'],
  'trace/sampling': ['base', 'trace/context', 'trace/data'],
  'trace/span': ['base', 'trace/context', 'trace/data', 'trace/sampling'],
  'trace/propagation': ['base', 'stats/tags', 'trace/context'],
  'trace/views': ['base', 'stats', 'trace/context', 'trace/data'],
  trace: ['base', 'stats', 'trace'],
  'http/views': ['base', 'metrics/instruments', 'stats'],
  http: ['base', 'metrics/instruments', 'stats', 'trace', 'http'],
  runtime: ['base', 'metrics/data'],
  'cluster/frames': ['base', 'metrics'],
  'cluster/values': ['base', 'metrics', 'cluster/frames'],
  'cluster/data': ['base', 'metrics', 'cluster/frames', 'cluster/values'],
  'cluster/net': ['base', 'cluster/frames'],
  cluster: ['base', 'metrics', 'cluster'],
  serving: ['base'],
  exporters: ['base', 'metrics/data', 'types of trace/data'],
  'exporters/transport': ['base', 'exporters', 'types of trace/data'],
  'exporters/sending': ['base', 'serving', 'exporters'],
  'exporters/otlp': [
    'base',
    'metrics/data',
    'metrics/histograms',
    'metrics/collection',
    'exporters',
    'exporters/sending',
    'types of trace/data',
  ],
  'exporters/console': ['base', 'exporters', 'metrics/data', 'types of trace/data'],
  'exporters/file': ['base', 'exporters', 'metrics/data', 'types of trace/data'],
  'exporters/statsd': ['base', 'exporters', 'metrics/data'],
  'exporters/prometheus/format': ['base', 'metrics/data', 'metrics/collection', 'exporters'],
  'exporters/prometheus/http': ['base', 'metrics/data', 'metrics/collection', 'serving', 'exporters/prometheus/format'],
  'exporters/prometheus/push': [
    'base',
    'metrics/data',
    'metrics/collection',
    'serving',
    'exporters',
    'exporters/sending',
    'exporters/prometheus/format',
  ],
  'exporters/prometheus/remote-write': [
    'base',
    'metrics/data',
    'metrics/collection',
    'exporters',
    'exporters/sending',
    'exporters/prometheus/format',
  ],
  'exporters/prometheus': ['serving', 'exporters/prometheus'],
  'setup/configuration': ['base'],
  setup: [
    'base',
    'metrics',
    'stats',
    'trace',
    'runtime',
    'serving',
    'exporters',
    'setup',
    'cluster and integrations when they are started',
  ],
  integrations: ['base', 'metrics', 'stats', 'trace', 'http', 'runtime', 'serving', 'exporters', 'setup'],
  testing: ['base', 'metrics', 'stats', 'trace', 'exporters'],
  'public files': ['base', 'metrics', 'stats', 'trace', 'http', 'runtime', 'exporters', 'setup'],
}

const ENGINE = ['base', 'metrics', 'stats', 'trace']
const ENGINE_BUILTINS = [
  'async_hooks',
  'buffer',
  'crypto',
  'diagnostics_channel',
  'perf_hooks',
  'process',
  'timers',
  'util',
  'v8',
  'worker_threads',
]
const CLOCK = 'base/clock.ts'
const VAGUE_NAMES = /(^|-)(utils?|helpers?|types|commons?|constants|misc)\.ts$/
const LAZY_PACKAGES = ['hdr-histogram-js']
const OPTIONAL_PEERS = ['fastify', 'prom-client', '@prometheus-io/client', 'opentracing', 'pino']
/** Optional peers of exporters, which do without them as far as that goes. */
const EXPORTER_PEERS = ['snappy', 'unix-dgram']

/** The only integration that may import others. */
const COMBINING_INTEGRATION = 'integrations/auto'

const READS_TIME = /\bDate\.now\b|\bnew Date\s*(\(\s*\)|(?![\w(]))|(?<![\w.])Date\(\)|\bperformance\s*\.\s*(now|timeOrigin)\b|\bhrtime\b/

/** The folder whose rule applies to a file, by its path inside src; `public files` for files in src itself. */
function folderOf(file) {
  const folders = file.split('/').slice(0, -1)
  if (folders.length === 0) return 'public files'
  for (let depth = folders.length; depth > 0; depth--) {
    const folder = folders.slice(0, depth).join('/')
    if (FOLDERS[folder] !== undefined && (depth === folders.length || folder === 'integrations')) return folder
  }
  return folders.join('/')
}

/** The folder at the top, such as `metrics` of `metrics/store`. */
const topFolderOf = (folder) => folder.split('/')[0]

/** The folder of an integration, such as `integrations/fastify`; undefined for other files. */
function integrationOf(file) {
  const [top, name, ...rest] = file.split('/')
  return top === 'integrations' && rest.length > 0 ? `${top}/${name}` : undefined
}

/** True if `allowed` has the folder or a folder around it. */
const includesFolder = (allowed, folder) => allowed.some((name) => folder === name || folder.startsWith(`${name}/`))

function checkLocalImport(file, { target, typeOnly, dynamic }, report) {
  const [from, to] = [folderOf(file), folderOf(target)]
  if (posix.basename(target) === 'index.ts')
    report(`imports ${target}: an index.ts is for users of the package only, import the file itself`)
  if (from === to) {
    const [mine, theirs] = [integrationOf(file), integrationOf(target)]
    if (theirs !== undefined && mine !== theirs && mine !== COMBINING_INTEGRATION)
      report(`imports ${target}: ${theirs} is for itself and its users, other integrations may not import it`)
    return
  }
  const allowed = FOLDERS[from]
  if (allowed === undefined || FOLDERS[to] === undefined) return // an unknown folder is reported separately
  // Exporters may import the files directly in exporters, but not each other's folders.
  const exact = topFolderOf(from) === 'exporters' && topFolderOf(to) === 'exporters' && from !== 'exporters/prometheus'
  if (exact ? allowed.includes(to) : includesFolder(allowed, to)) return
  // Components of a configuration are loaded when they are started, so that programs without them do not load them.
  if (from === 'setup' && (to === 'integrations' || to === 'cluster') && (dynamic || typeOnly)) return
  const typesOf = allowed.filter((name) => name.startsWith('types of ')).map((name) => name.slice('types of '.length))
  if (typesOf.includes(to)) {
    if (!typeOnly) report(`imports ${target}: ${from} may import only types of ${to}`)
    return
  }
  report(`imports ${target}: ${from} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing of ours'}, not ${to}`)
}

function checkPackageImport(file, { specifier, typeOnly, dynamic }, report) {
  const folder = folderOf(file)
  if (specifier.startsWith('node:')) {
    const builtin = specifier.slice('node:'.length).split('/')[0]
    if (ENGINE.includes(topFolderOf(folder)) && !typeOnly && !ENGINE_BUILTINS.includes(builtin))
      report(`imports ${specifier}: ${topFolderOf(folder)} does no I/O`)
    return
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  if (LAZY_PACKAGES.includes(name)) {
    if (!typeOnly && !dynamic) report(`imports ${name} at once: it is loaded when it is first needed, by import()`)
    return
  }
  if (EXPORTER_PEERS.includes(name)) {
    if (topFolderOf(folder) !== 'exporters') report(`imports ${name}: this optional peer is for exporters only`)
    else if (!typeOnly && !dynamic) report(`imports ${name} at once: it is loaded when it is first needed, by import()`)
    return
  }
  if (OPTIONAL_PEERS.includes(name)) {
    if (topFolderOf(folder) !== 'integrations') report(`imports ${name}: optional peers are for integrations only`)
    return
  }
  report(`imports ${specifier}: not a dependency of the package (built-in modules need the prefix node:)`)
}

/** Every cycle once, as the files along it, smallest name first. Imports of types count too. */
function findCycles(imports) {
  const cycles = new Map()
  const done = new Set()
  const path = []
  const visit = (file) => {
    const at = path.indexOf(file)
    if (at >= 0) {
      const cycle = path.slice(at)
      const first = cycle.indexOf([...cycle].sort()[0])
      const turned = [...cycle.slice(first), ...cycle.slice(0, first)]
      cycles.set(turned.join(' → '), turned)
      return
    }
    if (done.has(file)) return
    path.push(file)
    for (const { target } of imports.get(file) ?? []) visit(target)
    path.pop()
    done.add(file)
  }
  for (const file of [...imports.keys()].sort()) visit(file)
  return [...cycles.values()]
}

/** All faults of the TypeScript files below `sourceRoot`, one line each: `file: what is wrong`. */
export function findFaults(sourceRoot) {
  const faults = []
  const files = readdirSync(sourceRoot, { recursive: true })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => /\.c?ts$/.test(name))
    .sort()
  const known = new Set(files)
  const localImports = new Map()
  for (const file of files) {
    const report = (fault) => faults.push(`${file}: ${fault}`)
    const folder = folderOf(file)
    const { code, imports } = sourceFacts(readFileSync(join(sourceRoot, file), 'utf8'))
    if (FOLDERS[folder] === undefined) report(`is in an unknown folder, ${folder}; the folders are ${Object.keys(FOLDERS).join(', ')}`)
    if (VAGUE_NAMES.test(posix.basename(file))) report('has a name that fits any file: name it after its content')
    if (ENGINE.includes(topFolderOf(folder)) && file !== CLOCK && READS_TIME.test(code))
      report(`reads time: only ${CLOCK} does, take a Clock`)
    if (/\bimport\.meta\b/.test(code)) report('uses import.meta, which the CommonJS build has not')
    const local = []
    for (const found of imports) {
      if (!found.specifier.startsWith('.')) {
        checkPackageImport(file, found, report)
        continue
      }
      const target = posix.join(posix.dirname(file), found.specifier).replace(/\.(c?)js$/, '.$1ts')
      if (!known.has(target)) {
        report(`imports ${found.specifier}, which is not a file of src (relative imports end in .js)`)
        continue
      }
      local.push({ ...found, target })
      checkLocalImport(file, { ...found, target }, report)
    }
    localImports.set(file, local)
  }
  for (const cycle of findCycles(localImports)) faults.push(`${cycle[0]}: import cycle ${[...cycle, cycle[0]].join(' → ')}`)
  return faults
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sourceRoot = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '../src')
  const faults = findFaults(sourceRoot)
  for (const fault of faults) console.error(`${relative(process.cwd(), sourceRoot)}/${fault}`)
  if (faults.length > 0) process.exitCode = 1
}
