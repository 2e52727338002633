import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { expect, onTestFinished, test } from 'vitest'

const source = join(import.meta.dirname, '../../src')

/** The class and file of each exported error. */
function errorClasses(): [string, string][] {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  return files.flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8')
    const found = text.matchAll(/^export class (\w+) extends (?:Error|TallyscopeError|DefinitionError|ExportError|TransportError) /gm)
    return [...found].map(([, name]): [string, string] => [name!, `./${file.replace(/\.ts$/, '.js')}`])
  })
}

/** The exports of a minified bundle. */
async function bundled(text: string): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'minified-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const entry = join(source, 'entry.ts')
  const bundle = await rolldown({
    input: entry,
    platform: 'node',
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    plugins: [{ name: 'entry', resolveId: (id) => (id === entry ? id : null), load: (id) => (id === entry ? text : null) }],
  })
  await bundle.write({ dir: folder, format: 'esm', minify: true, entryFileNames: 'entry.mjs' })
  await bundle.close()
  return (await import(pathToFileURL(join(folder, 'entry.mjs')).href)) as Record<string, unknown>
}

test('a minified bundle keeps the names of errors, by which other copies of the package recognize them', async () => {
  const classes = errorClasses().filter(([name]) => name !== 'SendError' && name !== 'ExpressionFault') // their names are not shown
  const { names, isTransportError, ofProgram } = await bundled(`
    ${classes.map(([name, file]) => `import { ${name} } from '${file}'`).join('\n')}
    class OfProgram extends ExportError {}
    export const names = [${classes.map(([name]) => `new ${name}([], '', {}).name`).join()}]
    export const isTransportError = TransportError.is(new TransportError('ERR', ''))
    export const ofProgram = new OfProgram('ERR', '', { retryable: true }).name === OfProgram.name
  `)
  expect(names).toEqual(classes.map(([name]) => name))
  expect(names).toHaveLength(9)
  expect(isTransportError).toBe(true)
  expect(ofProgram).toBe(true)
})
