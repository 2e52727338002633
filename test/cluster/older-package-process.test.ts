import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { PROTOCOL } from '../../src/cluster/net/control-frames.js'
import { build, GroupProgram, scrape } from './group-program.js'

// A rolling deployment of a package with another protocol: a copy of this package has a version of its own.

const folder = mkdtempSync(join(tmpdir(), 'ts-older-'))
const olderProgram = join(folder, 'member.js')
const root = join(import.meta.dirname, '../..')
const started: GroupProgram[] = []

beforeAll(() => {
  build()
  const copy = join(folder, 'node_modules/tallyscope')
  mkdirSync(copy, { recursive: true })
  for (const part of ['package.json', 'dist']) cpSync(join(root, part), join(copy, part), { recursive: true })
  const file = join(copy, 'dist/esm/share-metrics.js')
  const code = readFileSync(file, 'utf8')
  const [sent, expected] = [`protocol: ${PROTOCOL},`, `protocol !== ${PROTOCOL})`]
  expect(code.split(sent).length + code.split(expected).length).toBe(4) // each once
  writeFileSync(file, code.replace(sent, 'protocol: 0,').replace(expected, 'protocol !== 0)'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  cpSync(join(import.meta.dirname, 'programs/member.js'), olderProgram)
}, 120_000)

afterEach(async () => {
  for (const program of started.splice(0)) await program.kill()
})

process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Starts a member that has so many hits. Resolves to its program and the address of its page. */
async function start(program: string, name: string, hits: number): Promise<{ program: GroupProgram; url: string }> {
  const member = new GroupProgram(program, { group: { name, folder: join(folder, 'group') } })
  started.push(member)
  const { url } = await member.fact((fact) => fact['url'] !== undefined)
  await member.ask({ add: hits }, (fact) => fact['added'] === hits)
  return { program: member, url: String(url) }
}

const hitsOf = async (url: string): Promise<number | undefined> => (await scrape(url)).get('shop_hits_total{kind="a"}')

test.each([
  ['an older keeper refuses members of this version', olderProgram, 'member.js'],
  ['a keeper of this version refuses older members', 'member.js', olderProgram],
])('%s until it ends, and its page is that of its version', { timeout: 60_000 }, async (name, first, second) => {
  const keeper = await start(first, name, 5)
  await expect.poll(() => hitsOf(keeper.url).catch(() => undefined)).toBe(5)
  const other = await start(second, name, 7)
  await expect(scrape(other.url)).rejects.toThrow(/^503/)
  await keeper.program.ask({ add: 1 }, (fact) => fact['added'] === 1)
  expect(await hitsOf(keeper.url)).toBe(6)
  await keeper.program.ask({ leave: true }, (fact) => fact['left'] === true)
  await expect.poll(() => hitsOf(other.url).catch(() => undefined), { timeout: 30_000 }).toBe(7)
})
