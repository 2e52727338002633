import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { import: { types: string } }>
}
/** The names of each subpath when this list was made. Names may be added; none is removed or moved without a decision. */
const known = JSON.parse(readFileSync(join(import.meta.dirname, 'public-names.json'), 'utf8')) as Record<string, readonly string[]>

/** The values and types that the declarations of an entry point export by name. */
function exportedNames(declarations: string): string[] {
  const lists = [...declarations.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) => list.split(','))
  const named = lists.map((item) => item.trim().replace(/^type /, '')).filter((item) => item !== '')
  const declared = [...declarations.matchAll(/^export (?:declare )?(?:const|function|class|interface|type) (\w+)/gm)].map(
    ([, name = '']) => name,
  )
  return [...named.map((item) => item.split(' as ').at(-1)!), ...declared].sort()
}

const names = new Map<string, readonly string[]>()
for (const [subpath, target] of Object.entries(manifest.exports)) {
  if (typeof target !== 'string') names.set(subpath, exportedNames(readFileSync(join(root, target.import.types), 'utf8')))
}

test('the package has every public name of the list', () => {
  const lost = Object.entries(known).flatMap(([subpath, before]) =>
    before.filter((name) => names.get(subpath)?.includes(name) !== true).map((name) => `${subpath}: ${name}`),
  )
  expect(lost).toEqual([])
})

test('the list of public names has every subpath', () => {
  expect([...names.keys()].filter((subpath) => known[subpath] === undefined)).toEqual([])
})

test('names are read from lists, types and declarations', () => {
  const declarations = "export { A, type B, c as D } from './a.js';\nexport type { E } from './e.js';\nexport declare function f(): void;\n"
  expect(exportedNames(declarations)).toEqual(['A', 'B', 'D', 'E', 'f'])
})
