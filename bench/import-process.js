// @ts-check
// Imports the modules of its arguments, and prints how long that took, or how much code was loaded.
import { Session } from 'node:inspector'

const [what, ...modules] = process.argv.slice(2)

/** @type {{ url: string, length: number }[]} */
const scripts = []
if (what === 'code') {
  const session = new Session()
  session.connect()
  session.on('Debugger.scriptParsed', ({ params: { url, length = 0 } }) => scripts.push({ url, length }))
  session.post('Debugger.enable')
}
const before = new Set(scripts.map(({ url }) => url))
const started = performance.now()
for (const name of modules) await import(name)
const ms = performance.now() - started
const own = scripts.filter(({ url }) => !before.has(url) && url !== '' && !url.startsWith('node:') && !url.startsWith('evalmachine'))
const files = new Map(own.map(({ url, length }) => [url, length]))
const bytes = [...files.values()].reduce((sum, length) => sum + length, 0)
console.log(JSON.stringify({ seen: what === 'code' ? { bytes, files: files.size } : { ms } }))
process.exit()
