// The recipe of Next.js against Next.js itself. It takes 340 MB and a build of its own, so that it is installed by hand, also for CI:
//
//   npm install --prefix .run/next next@16.4.6 react@19 react-dom@19
//
// Without it, http-server-recipes.test.ts runs the recipe with a module in its place.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { installPacked } from '../consumer/packed.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const next = join(root, '.run/next')
const isThere = existsSync(join(next, 'node_modules/next'))
if (!isThere) console.warn('skipped, Next.js is not installed in .run/next')

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{"private":true,"type":"module"}',
  'next.config.js': `export default { turbopack: { root: ${JSON.stringify(next)} } }`,
  'app/layout.jsx': 'export default ({ children }) => <html><body>{children}</body></html>',
  'app/blog/[slug]/page.jsx': 'export default async ({ params }) => <p>{(await params).slug}</p>',
  'app/api/carts/route.js': 'export const POST = async (request) => Response.json(await request.text(), { status: 201 })',
  'pages/api/old.js': `import { setRoute } from 'tallyscope/http-server'
    export default (request, response) => { setRoute(request, '/api/[old]'); response.json({}) }`,
}

test.skipIf(!isThere)(
  'Next.js, custom server: pages, route handlers and setRoute are measured as the recipe says',
  async () => {
    const application = join(next, 'application')
    rmSync(application, { recursive: true, force: true })
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(application, path)), { recursive: true })
      writeFileSync(join(application, path), text)
    }
    const { folder, tarball } = await installPacked([])
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    symlinkSync(join(next, 'node_modules/next'), join(folder, 'node_modules/next'))
    const installed = join(next, 'node_modules/tallyscope')
    rmSync(installed, { recursive: true, force: true })
    mkdirSync(installed)
    await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])

    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' }
    await run(process.execPath, [join(next, 'node_modules/next/dist/bin/next'), 'build'], { cwd: application, env })

    const page = readFileSync(join(root, 'docs/http-server.md'), 'utf8')
    const recipe = /```ts next\.ts\n(.*?)\n```/s.exec(page)![1]!
    const own = `
      await new Promise((resolve) => server.once('listening', resolve))
      const url = \`http://127.0.0.1:\${(server.address() as any).port}\`
      for (const path of ['/blog/1', '/blog/2', '/api/old', '/nothing']) await (await fetch(url + path)).text()
      await (await fetch(url + '/api/carts', { method: 'POST', body: 'four' })).text()
      const page = await (await fetch(url + '/metrics')).text()
      console.log(page.split('\\n').filter((line) => line.startsWith('http_server_duration_seconds_count')).sort().join('\\n'))
      process.exit()`
    const ts = createRequire(import.meta.url)('typescript-5.4')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    const { outputText } = ts.transpileModule(recipe.replace('.listen(3000)', ".listen(0, '127.0.0.1')") + own, { compilerOptions })
    writeFileSync(join(folder, 'next.mjs'), outputText)
    const { stdout } = await run(process.execPath, [join(folder, 'next.mjs')], { cwd: application, env })
    expect(stdout.split('\n').filter((line) => line.startsWith('http_server_'))).toEqual([
      'http_server_duration_seconds_count{method="GET",route="/api/[old]",status="200",outcome="ok"} 1',
      'http_server_duration_seconds_count{method="GET",route="/blog/[slug]",status="200",outcome="ok"} 2',
      'http_server_duration_seconds_count{method="GET",route="unmatched",status="404",outcome="ok"} 1',
      'http_server_duration_seconds_count{method="POST",route="unmatched",status="201",outcome="ok"} 1',
    ])
  },
  600_000,
)
