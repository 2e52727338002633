import type { IncomingMessage } from 'node:http'

/** What Express 4 and 5 show of a request. */
interface ExpressRequest {
  readonly route?: { readonly path?: unknown }
  readonly baseUrl?: unknown
  readonly app?: ExpressApp
}

interface ExpressApp {
  readonly mountpath?: unknown
  readonly parent?: ExpressApp
  /** Version 5. */
  readonly router?: unknown
  /** Version 4, if `router` throws. */
  readonly _router?: unknown
}

/** One entry of a router: a route, or whatever `use` was given. */
interface Layer {
  readonly route?: object
  readonly handle?: unknown
  readonly slash?: boolean
  /** Version 5. */
  readonly matchers?: readonly ((path: string) => { readonly path: string; readonly params: Readonly<Record<string, unknown>> } | false)[]
  /** Version 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
}

interface Match {
  readonly path: string
  readonly template: string
}

/** Routers within routers that are followed. */
const MAX_DEPTH = 16

/**
 * The template of the route that answered a request, with those of the routers that it is in: `/shops/:shop/carts/:id`. Undefined
 * if Express has not answered it, or if no route has.
 */
export function expressRoute(request: IncomingMessage): string | undefined {
  const { route, baseUrl, app } = request as ExpressRequest
  if (route === undefined || route === null || app === undefined) return undefined
  const own = templateOf(route.path)
  if (typeof baseUrl !== 'string' || baseUrl === '') return own
  const mounted = mountedAt(app, baseUrl)
  const inner = mounted.rest === '' ? '' : findRouters(routerOf(app), route, mounted.rest, 0)
  // A path of the caller's choice is no label.
  const prefix = `${mounted.template}${inner ?? '/*'}`
  return own === '/' ? prefix : `${prefix}${own}`
}

function templateOf(path: unknown): string {
  return Array.isArray(path) ? path.map(String).join(',') : String(path ?? '')
}

/** Where an application is mounted in others, as much of the path as that covers, and the rest. */
function mountedAt(app: ExpressApp, baseUrl: string): { readonly template: string; readonly rest: string } {
  let template = ''
  for (let each: ExpressApp | undefined = app, depth = 0; each?.parent !== undefined && depth < MAX_DEPTH; each = each.parent, depth++) {
    const { mountpath } = each
    const mount = templateOf(Array.isArray(mountpath) ? mountpath[0] : mountpath)
    if (mount !== '/') template = `${mount}${template}`
  }
  const segments = template.split('/').length
  const rest = baseUrl.split('/').slice(segments)
  return { template, rest: rest.length === 0 ? '' : `/${rest.join('/')}` }
}

function routerOf(app: ExpressApp): unknown {
  return app._router ?? app.router
}

/** The templates of the routers on the way to a route, which cover exactly this path. */
function findRouters(router: unknown, route: object, path: string, depth: number): string | undefined {
  const stack = stackOf(router)
  if (stack === undefined || depth > MAX_DEPTH) return undefined
  if (path === '' && stack.some((layer) => layer.route === route)) return ''
  for (const layer of stack) {
    if (stackOf(layer.handle) === undefined) continue
    const match = matchOf(layer, path === '' ? '/' : path)
    if (match === undefined) continue
    const rest = path.slice(match.path === '/' ? 0 : match.path.length)
    const found = findRouters(layer.handle, route, rest === '/' ? '' : rest, depth + 1)
    if (found !== undefined) return `${match.template}${found}`
  }
  return undefined
}

function stackOf(router: unknown): readonly Layer[] | undefined {
  const { stack } = (typeof router === 'function' || (typeof router === 'object' && router !== null) ? router : {}) as { stack?: unknown }
  return Array.isArray(stack) ? (stack as Layer[]) : undefined
}

function matchOf({ slash, matchers, regexp, keys = [] }: Layer, path: string): Match | undefined {
  if (slash === true || regexp?.fast_slash === true) return { path: '', template: '' }
  for (const matcher of matchers ?? []) {
    const match = matcher(path)
    if (match) return { path: match.path, template: withNames(match.path, Object.entries(match.params)) }
  }
  const match = regexp?.exec(path)
  if (match == null) return undefined
  return {
    path: match[0],
    template: withNames(
      match[0],
      keys.map(({ name }, at) => [String(name), match[at + 1]] as const),
    ),
  }
}

/** Puts the names of parameters in the place of their values, from left to right. */
function withNames(path: string, params: readonly (readonly [name: string, value: unknown])[]): string {
  let template = ''
  let rest = path
  for (const [name, value] of params) {
    const raw = rawSegments(rest, value)
    if (raw === undefined) continue
    const at = rest.indexOf(raw)
    template += `${rest.slice(0, at)}:${name}`
    rest = rest.slice(at + raw.length)
  }
  return template + rest
}

/** A value as it is in the path: decoded ones are looked for among the segments. */
function rawSegments(path: string, value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  if (path.includes(`/${value}`)) return value
  return path.split('/').find((segment) => decoded(segment) === value)
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
