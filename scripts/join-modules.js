// Joins the modules that `tsc` made into few files: to find, read and link two hundred takes a program that imports them a tenth
// of a second, to read what they say as one file a quarter of that.
import { copyFileSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { rolldown } from 'rolldown'

/** Stays a file of its own, so that what it requires is found by its name there, by Node and by bundlers. */
const LOADER = 'metrics/histograms/hdr-load.cjs'

/**
 * @param {string} modules the folder with the modules
 * @param {readonly string[]} entries files in it, without extension, that may be imported from outside; the first is the main one
 * @param {{ esm: string, cjs: string }} folders where each format goes
 */
export async function joinModules(modules, entries, folders) {
  /** @type {Map<string, readonly string[]>} */
  const imports = new Map()
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(modules, `${entry}.js`)])),
    cwd: modules,
    platform: 'node',
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    plugins: [
      {
        name: 'modules of tsc',
        resolveId: (id) => (id.endsWith('/hdr-load.cjs') ? { id: './hdr-load.cjs', external: true } : null),
        load: (id) => readFileSync(id, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''),
        moduleParsed: ({ id, importedIds }) => void imports.set(id, importedIds),
      },
    ],
  })
  try {
    for (const [format, dir] of Object.entries(folders)) {
      await bundle.write({
        format: format === 'esm' ? 'esm' : 'cjs',
        dir,
        entryFileNames: '[name].js',
        chunkFileNames: '[name].js',
        comments: { jsdoc: false },
        keepNames: true,
        codeSplitting: { groups: [{ name: 'core', test: (id) => reached(imports, join(modules, `${entries[0]}.js`)).has(id) }] },
      })
      copyFileSync(join(modules, LOADER), join(dir, 'hdr-load.cjs'))
    }
  } finally {
    await bundle.close()
  }
}

/** The modules that a program loads by importing one: every subpath wants most of them, so that one file for all is best. */
function reached(imports, first) {
  const seen = new Set([first])
  for (const id of seen) for (const next of imports.get(id) ?? []) seen.add(next)
  seen.delete(first)
  return seen
}
