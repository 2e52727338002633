// The recipes that are TypeScript: NestJS as it is; Next.js with a module in its place, see next-process.test.ts.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPacked } from '../consumer/packed.js'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/http-server.md'), 'utf8')
const ts = createRequire(import.meta.url)('typescript-5.4')

/** The block of this name, and what it prints. */
function recipe(name: string): { code: string; output: string | undefined } {
  const [, code, output] = new RegExp('```ts ' + name + '\\n(.*?)\\n```\\n(?:\\n```text\\n(.*?)\\n```)?', 's').exec(page)!
  return { code: code!, output }
}

let folder: string

beforeAll(async () => {
  const nest = ['common', 'core', 'platform-express', 'platform-fastify'].map((part) => `@nestjs/${part}`)
  folder = (await installPacked([...nest, 'fastify', 'reflect-metadata', 'rxjs'])).folder
  const next = join(folder, 'node_modules/next')
  mkdirSync(next, { recursive: true })
  writeFileSync(join(next, 'package.json'), '{"name":"next","main":"index.cjs"}')
  // The interface of a custom server: a function whose result has a handler for requests, which answers a page for every path.
  writeFileSync(
    join(next, 'index.cjs'),
    `module.exports = () => ({
      prepare: async () => {},
      getRequestHandler: () => async (request, response) => {
        await new Promise(setImmediate)
        response.statusCode = request.url.startsWith('/blog/') || request.url.startsWith('/_next/') ? 200 : 404
        response.end('page')
      },
    })`,
  )
}, 120_000)

afterAll(() => folder && rmSync(folder, { recursive: true, force: true }))

/** Runs a program in a project that has the packed package, compiled as Nest's own command line does. */
async function runTypeScript(name: string, code: string): Promise<string> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  })
  writeFileSync(join(folder, `${name}.mjs`), outputText)
  const { stdout } = await run(process.execPath, [`${name}.mjs`], { cwd: folder, timeout: 20_000 })
  return stdout.trimEnd()
}

test('NestJS on Express: the recipe prints what the page says', async () => {
  const { code, output } = recipe('nest.ts')
  expect(output).toContain('/carts/:id')
  expect(await runTypeScript('nest-express', code)).toBe(output)
})

test('NestJS on Fastify: the plugin measures the same', async () => {
  const code = recipe('nest.ts')
    .code.replace("import { NestFactory } from '@nestjs/core'", "$&\nimport { FastifyAdapter } from '@nestjs/platform-fastify'")
    .replace("import { instrumentHttpServer } from 'tallyscope/http-server'", "import { tallyscopeFastify } from 'tallyscope/fastify'")
    .replace(/^import \{ nodeHandler \}.*\n/m, '')
    .replace(/^const http = .*\n/m, '')
    .replace('NestFactory.create(AppModule, {', 'NestFactory.create(AppModule, new FastifyAdapter(), {')
    .replace(/^app\.use\('\/metrics'.*$/m, 'await app.register(tallyscopeFastify, { stats: new Stats() })')
  expect(code).not.toContain('instrumentHttpServer')
  expect(await runTypeScript('nest-fastify', code)).toBe(recipe('nest.ts').output)
})

test('NestJS: routes and guards read the metadata of a traced method, in any order of decorators', async () => {
  const code = `
    import 'reflect-metadata'
    import { Controller, Get, Injectable, Module, SetMetadata } from '@nestjs/common'
    import { APP_GUARD, NestFactory, Reflector } from '@nestjs/core'
    import { AlwaysOnSampler, MemoryExporter, Tracer } from 'tallyscope'

    const exporter = new MemoryExporter()
    const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter })

    @Controller()
    class Cats {
      @tracer.traceDecorator() @Get('open') open() { return 'open' }
      @tracer.traceDecorator() @SetMetadata('roles', ['admin']) @Get('above') above() { return 'above' }
      @SetMetadata('roles', ['admin']) @Get('below') @tracer.traceDecorator() below() { return 'below' }
    }
    @Injectable()
    class RolesGuard {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: any) { return this.reflector.get('roles', context.getHandler()) === undefined }
    }
    @Module({ controllers: [Cats], providers: [{ provide: APP_GUARD, useClass: RolesGuard }] })
    class AppModule {}

    const app = await NestFactory.create(AppModule, { logger: false })
    await app.listen(0, '127.0.0.1')
    for (const path of ['open', 'above', 'below']) console.log(path, (await fetch((await app.getUrl()) + '/' + path)).status)
    console.log(exporter.items.length)
    await app.close()`
  expect(await runTypeScript('nest-guard', code)).toBe('open 200\nabove 403\nbelow 403\n1')
})

test('Next.js, custom server: requests have the routes that the function names', async () => {
  const { code } = recipe('next.ts')
  const own = `
    await new Promise((resolve) => server.once('listening', resolve))
    const url = \`http://127.0.0.1:\${(server.address() as any).port}\`
    for (const path of ['/blog/1', '/blog/2', '/_next/static/a.js', '/nothing']) await (await fetch(url + path)).text()
    const page = await (await fetch(url + '/metrics')).text()
    console.log(page.split('\\n').filter((line) => line.startsWith('http_server_duration_seconds_count')).sort().join('\\n'))
    server.closeAllConnections()
    server.close()`
  expect(code).toContain('.listen(3000)')
  expect(await runTypeScript('next', code.replace('.listen(3000)', ".listen(0, '127.0.0.1')") + own)).toBe(
    `http_server_duration_seconds_count{method="GET",route="/blog/[slug]",status="200",outcome="ok"} 2\n` +
      `http_server_duration_seconds_count{method="GET",route="unmatched",status="404",outcome="ok"} 1`,
  )
})
