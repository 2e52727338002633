import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Stats } from 'tallyscope'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { counts, until } from '../fastify/served.js'

const require = createRequire(import.meta.url)

type Next = (error?: unknown) => void
type Handler = (request: IncomingMessage, response: ServerResponse, next: Next) => void
interface App {
  (request: IncomingMessage, response: ServerResponse, next?: Next): void
  use(...handlers: (string | RegExp | readonly string[] | Handler | App)[]): void
  get(path: string | RegExp | readonly string[], handler: Handler): void
}
interface Express {
  (): App
  Router(options?: { mergeParams?: boolean }): App
}

const send: Handler = (_request, response) => void response.end('x')
const fail: Handler = () => {
  throw new Error('boom')
}

function withRoute(target: App, path: string, handler: Handler = send): App {
  target.get(path, handler)
  return target
}

/** The routes that are counted for paths, requested in turn. */
async function routesOf(handler: RequestListener, paths: readonly string[]): Promise<string[]> {
  const stats = new Stats()
  const instrumentation = instrumentHttpServer({ tracer: false, stats })
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    instrumentation.stop()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const routes: string[] = []
  let before: Record<string, number> = {}
  for (const [at, path] of paths.entries()) {
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    const total = () => Object.values(counts(stats)).reduce((sum, count) => sum + count, 0)
    await until(() => total() === at + 1)
    const now = counts(stats)
    routes.push(
      Object.keys(now)
        .find((tags) => now[tags] !== before[tags])!
        .split(' ')[1]!,
    )
    before = now
  }
  return routes
}

describeBoth((express) => {
  test('the route of a mounted application has the templates of all routers and applications around it', async () => {
    const app = express()
    const users = withRoute(withRoute(express(), '/users/:id'), '/')
    const router = express.Router()
    router.use('/inner', users)
    app.use('/v1', router)
    const outer = express()
    outer.use('/three', withRoute(withRoute(express(), '/deep/:x'), '/'))
    app.use('/two', outer)
    const twice = withRoute(express(), '/a/:b')
    app.use('/p', twice)
    app.use('/q/:t', twice)
    app.use(withRoute(express(), '/everywhere/:k'))
    expect(
      await routesOf(app, ['/v1/inner/users/7', '/v1/inner', '/two/three/deep/1', '/two/three', '/p/a/1', '/q/9/a/1', '/everywhere/4']),
    ).toEqual(['/v1/inner/users/:id', '/v1/inner', '/two/three/deep/:x', '/two/three', '/p/a/:b', '/q/:t/a/:b', '/everywhere/:k'])
  })

  test('each of several paths of a route is a separate template', async () => {
    const app = express()
    app.use(['/x', '/y/:z'], withRoute(express(), '/a/:b'))
    app.use(['/r1', '/r2'], withRoute(express.Router(), '/n/:k'))
    expect(await routesOf(app, ['/x/a/1', '/y/5/a/1', '/r1/n/1', '/r2/n/1'])).toEqual(['/x/a/:b', '/y/:z/a/:b', '/r1/n/:k', '/r2/n/:k'])
  })

  test('values that are also parts of the template, or encoded, are found', async () => {
    const app = express()
    app.use('/t1/:f', withRoute(express.Router(), '/h/:k'))
    app.use('/f/:from-:to', withRoute(express.Router(), '/h/:k'))
    app.use('/shop/:shop/of/:of', withRoute(express.Router(), '/h/:k'))
    app.use('/slash/:a/', withRoute(express(), '/h/:k'))
    expect(
      await routesOf(app, ['/t1/1/h/2', '/t1/t1/h/2', '/f/LAX-SFO/h/1', '/shop/shop/of/of/h/1', '/shop/a%20b/of/%25/h/1', '/slash/1/h/2']),
    ).toEqual(['/t1/:f/h/:k', '/t1/:f/h/:k', '/f/:from-:to/h/:k', '/shop/:shop/of/:of/h/:k', '/shop/:shop/of/:of/h/:k', '/slash/:a/h/:k'])
  })

  test("the case of a request's path, and the part that a regular expression matches, are not in labels", async () => {
    const app = express()
    app.use('/case/:c', withRoute(express.Router(), '/w/:k'))
    app.use(/\/rx\d+/, withRoute(express(), '/e/:k'))
    app.use('/fn/:f', (request: IncomingMessage, response: ServerResponse, next: Next) =>
      withRoute(express.Router(), '/h/:k')(request, response, next),
    )
    expect(await routesOf(app, ['/case/1/w/2', '/CASE/1/w/2', '/rx12/e/1', '/fn/2/h/2'])).toEqual([
      '/case/:c/w/:k',
      '/case/:c/w/:k',
      '/*/e/:k',
      '/*/h/:k',
    ])
  })

  test('a request whose error is handled by an outer router keeps the template of its route', async () => {
    const app = express()
    app.use('/admin/:tenant', withRoute(withRoute(express(), '/ok'), '/boom/:id', fail))
    const router = express.Router()
    router.use('/in/:x', withRoute(express.Router(), '/boom/:id', fail))
    app.use('/out', router)
    app.use(((_error: Error, _request: unknown, response: ServerResponse, _next: Next) => {
      response.statusCode = 500
      response.end()
    }) as unknown as Handler)
    expect(await routesOf(app, ['/admin/a/ok', '/admin/a/boom/1', '/out/in/1/boom/2'])).toEqual([
      '/admin/:tenant/ok',
      '/admin/:tenant/boom/:id',
      '/out/in/:x/boom/:id',
    ])
  })

  test('an application in a router that another listener calls has at least its own template', async () => {
    const app = express()
    const router = express.Router()
    router.use('/inner', withRoute(express(), '/users/:id'))
    app.use('/v1', router)
    app.use('/direct', withRoute(express(), '/users/:id'))
    expect(await routesOf((request, response) => app(request, response), ['/v1/inner/users/7', '/direct/users/7'])).toEqual([
      '/*/users/:id',
      '/direct/users/:id',
    ])
  })
})

function describeBoth(define: (express: Express) => void): void {
  for (const name of ['express', 'express-4']) describe(name, () => define(require(name) as Express))
}
