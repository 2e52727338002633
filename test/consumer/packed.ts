import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

export interface PackedPackage {
  /** A project outside of the checkout, in which the package lies under node_modules. */
  readonly folder: string
  readonly tarball: string
  /** The files in it. */
  readonly files: readonly string[]
}

/** Builds and packs the package, and unpacks it into a project of its own, beside its dependency and some packages of the checkout. */
export async function installPacked(neighbours: readonly string[]): Promise<PackedPackage> {
  await run(process.execPath, ['scripts/build.js'], { cwd: root })
  const folder = mkdtempSync(join(tmpdir(), 'tallyscope-consumer-'))
  const pack = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
  const [result] = JSON.parse(pack.stdout)
  const tarball = join(folder, result.filename)
  const installed = join(folder, 'node_modules/tallyscope')
  mkdirSync(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  for (const name of [...Object.keys(manifest.dependencies), ...neighbours]) {
    mkdirSync(join(folder, 'node_modules', name, '..'), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
  writeFileSync(join(folder, 'package.json'), '{"name":"consumer","private":true,"type":"module"}\n')
  return { folder, tarball, files: result.files.map((file: { path: string }) => file.path) }
}
