// Adds to package-lock.json what `npm install` leaves out: optional packages with programs for other platforms, where the registry
// in use does not have them. Without an entry for each, `npm ci` refuses the lock file. Run it after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']

/** The optional packages that have no entry, as `[path, entry]`. */
export function missingEntries({ packages }) {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {}, dev }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined)
      .map(([name, version]) => [`node_modules/${name}`, entryFor(name, version, dev)]),
  )
}

function entryFor(name, version, dev) {
  const words = name.split(/[-/]/)
  const system = SYSTEMS.find((word) => words.includes(word))
  const processor = PROCESSORS.find((word) => words.includes(word))
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : words.some((word) => word.startsWith('gnu')) ? 'glibc' : undefined
  if (system === undefined || processor === undefined) throw new Error(`${name} does not say which platform it is for`)
  return {
    version,
    cpu: [processor],
    ...(dev && { dev }),
    ...(libc !== undefined && { libc: [libc] }),
    optional: true,
    os: [system],
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../package-lock.json', import.meta.url))
  const lock = JSON.parse(readFileSync(path, 'utf8'))
  for (const [place, entry] of missingEntries(lock)) lock.packages[place] = entry
  const [root, ...others] = Object.entries(lock.packages)
  lock.packages = Object.fromEntries([root, ...others.sort(([one], [other]) => one.localeCompare(other, 'en'))])
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
}
