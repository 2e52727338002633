import type { IncomingMessage, Server } from 'node:http'
import { type ExpressLayer, isMountedApp, layersOf, matchLayer } from './express-layer.js'
import { mountTemplate, UNKNOWN_PART } from './mount-template.js'

/** A route of Express 4 and 5: the property `route` of a request that one has handled. */
interface Route {
  readonly path?: unknown
}

/** The used part of a request of Express 4 and 5. */
interface ExpressRequest {
  readonly baseUrl?: unknown
  readonly originalUrl?: unknown
  readonly app?: ExpressApp
}

interface ExpressApp {
  readonly parent?: ExpressApp
}

/** Limit of nested routers. */
const MAX_DEPTH = 16

/** Routes of applications that are not mounted, which most are. They have no prefix. */
const outermost = new WeakSet<object>()

/** Mounted applications by their parent, collected from requests, because Express has no such list. */
const mounted = new WeakMap<object, Set<object>>()

/**
 * The template of the route of a request, prefixed with those of its routers and applications: `/shops/:shop/carts/:id`. Undefined
 * if no route of Express handled it.
 */
export function expressRoute(request: IncomingMessage): string | undefined {
  const route = readOwn(request, 'route') as Route | null | undefined
  if (route == null) return undefined
  const baseUrl = readOwn(request, 'baseUrl') ?? ''
  if (baseUrl === '' && outermost.has(route)) return templateOf(route.path)
  const { app } = request as ExpressRequest
  if (app === undefined) return undefined
  const own = templateOf(route.path)
  const root = rootOf(app)
  if (baseUrl === '' && root === app && layersOf(app)?.some((layer) => layer.route === route) === true) {
    outermost.add(route)
    return own
  }
  const prefix = prefixOf(request, route, [root, ...listenersOf(request)]) ?? UNKNOWN_PART
  return own === '/' && prefix !== '' ? prefix : `${prefix}${own}`
}

/**
 * Reads a property of a request. Express gives each request another prototype, after which V8 11 (Node 20) makes a new shape for each property
 * that is added, so that a read by name misses V8's caches. A place that reads several names has no cache, and searches in the shape.
 */
function readOwn(request: object, name: 'route' | 'baseUrl'): unknown {
  return (request as Record<string, unknown>)[name]
}

function templateOf(path: unknown): string {
  return Array.isArray(path) ? path.map(String).join(',') : String(path ?? '')
}

/** The outermost application around this one. */
function rootOf(app: ExpressApp): ExpressApp {
  let root = app
  for (let depth = 0; root.parent !== undefined && depth < MAX_DEPTH; depth++) {
    const { parent } = root
    const known = mounted.get(parent)
    if (known === undefined) mounted.set(parent, new Set([root]))
    else known.add(root)
    root = parent
  }
  return root
}

/** The request listeners of the server. Needed for an application that is mounted in a router, since it has no `parent`. */
function listenersOf({ socket }: IncomingMessage): readonly unknown[] {
  const { server } = (socket ?? {}) as { server?: Server | null }
  return server?.listeners('request') ?? []
}

/** The joined templates of all routers around a route. */
function prefixOf(request: IncomingMessage, route: object, roots: readonly unknown[]): string | undefined {
  const { baseUrl, originalUrl } = request as ExpressRequest
  if (typeof baseUrl === 'string' && baseUrl !== '') {
    // Exact, even if the program has changed the URL.
    const isThere = (layer: ExpressLayer, rest: string): boolean => layer.route === route && rest === ''
    const found = first(roots, (root) => findRouters(root, baseUrl, isThere, 0))
    if (found !== undefined) return found
  }
  // Without the exact prefix, such as after an error that is handled outside of the router.
  const path = String(originalUrl ?? request.url)
    .replace(/^[a-z][\w+.-]*:\/\/[^/?]*/i, '')
    .replace(/[?#].*$/s, '')
  const isThere = (layer: ExpressLayer, rest: string): boolean => layer.route === route && matchLayer(layer, rest || '/') !== undefined
  return first(roots, (root) => findRouters(root, path, isThere, 0))
}

function first<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

type IsThere = (layer: ExpressLayer, rest: string) => boolean

/** The joined templates of the routers on the way to a layer for which `isThere` is true. */
function findRouters(handler: unknown, path: string, isThere: IsThere, depth: number): string | undefined {
  const layers = layersOf(handler)
  if (layers === undefined || depth > MAX_DEPTH) return undefined
  if (layers.some((layer) => isThere(layer, path))) return ''
  return first(layers, (layer) => {
    const routers = routersIn(layer, handler)
    const match = routers.length === 0 ? undefined : matchLayer(layer, path === '' ? '/' : path)
    if (match === undefined) return undefined
    const covered = match.path === '/' ? '' : match.path
    const rest = path.slice(covered.endsWith('/') ? covered.length - 1 : covered.length)
    const found = first(routers, (router) => findRouters(router, rest === '/' ? '' : rest, isThere, depth + 1))
    if (found === undefined || covered === '') return found
    return mountTemplate(layer, match) + found
  })
}

/** The routers or mounted applications that a layer of `parent` calls. */
function routersIn(layer: ExpressLayer, parent: unknown): readonly unknown[] {
  if (isMountedApp(layer)) return [...(mounted.get(parent as object) ?? [])]
  return layersOf(layer.handle) === undefined ? [] : [layer.handle]
}
