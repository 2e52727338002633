import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { missingEntries } from '../../scripts/complete-lock.js'

const root = join(import.meta.dirname, '../..')
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))

test('the lock file has the optional packages of every platform, which npm ci requires', () => {
  expect(missingEntries(lock).map(([path]) => path)).toEqual([]) // else: node scripts/complete-lock.js
})

test('the lock file has no addresses, so that every registry serves it', () => {
  expect(Object.entries<{ resolved?: string }>(lock.packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([])
})

test('the package has one run-time dependency and no install script', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(Object.keys(manifest.dependencies)).toEqual(['hdr-histogram-js'])
  expect(Object.keys(manifest.scripts).filter((name) => /install|^prepare$/.test(name))).toEqual([])
})
