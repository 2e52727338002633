import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PACKAGE_VERSION } from '../../src/base/package-version.js'

test('the version in the source is the version of the package', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
  expect(PACKAGE_VERSION).toBe(manifest.version)
})
