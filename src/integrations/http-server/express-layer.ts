/** One entry of an Express router: a route, or whatever `use` was given. */
export interface ExpressLayer {
  readonly route?: object
  readonly handle?: unknown
  readonly name?: string
  readonly slash?: boolean
  /** Version 5. */
  readonly matchers?: readonly Matcher[]
  /** Version 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
}

type Matcher = (path: string) => { readonly path: string; readonly params: Readonly<Record<string, unknown>> } | false

/** What a layer makes of a path: the part that it covers, and the values of its parameters. */
export interface LayerMatch {
  readonly path: string
  readonly params: readonly (readonly [name: string, value: unknown])[]
  /** Which of the paths of the layer it is. */
  readonly matcher: (path: string) => LayerMatch | undefined
  /** True if the path was given as a regular expression. */
  readonly isPattern: boolean
}

/** The layers of a router or of an application; undefined for other handlers. */
export function layersOf(handler: unknown): readonly ExpressLayer[] | undefined {
  const stack = stackOf(handler) ?? (isApplication(handler) ? stackOf(routerOf(handler)) : undefined)
  return stack
}

/** The layers of the application that `use` was given: Express wraps it in a function of this name. */
export function isMountedApp({ name }: ExpressLayer): boolean {
  return name === 'mounted_app'
}

function stackOf(router: unknown): readonly ExpressLayer[] | undefined {
  const { stack } = (isObject(router) ? router : {}) as { stack?: unknown }
  return Array.isArray(stack) ? (stack as ExpressLayer[]) : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

function isApplication(handler: unknown): handler is object {
  const { handle, set } = (isObject(handler) ? handler : {}) as { handle?: unknown; set?: unknown }
  return typeof handle === 'function' && typeof set === 'function'
}

/** `router` throws in version 4, which has `_router` once there is something in it. */
function routerOf(app: object): unknown {
  if ('_router' in app || !('router' in app)) return (app as { _router?: unknown })._router
  try {
    return app.router
  } catch {
    return undefined
  }
}

/** Matches a path as the router does; undefined if the layer does not cover its beginning. */
export function matchLayer(layer: ExpressLayer, path: string): LayerMatch | undefined {
  const { slash, matchers, regexp, keys = [] } = layer
  if (slash === true || regexp?.fast_slash === true) return { path: '', params: [], matcher: () => undefined, isPattern: false }
  for (const each of matchers ?? []) {
    const match = matchWith(each, path)
    if (match !== undefined) return match
  }
  return regexp === undefined ? undefined : execRegExp(regexp, keys, path)
}

function matchWith(matcher: Matcher, path: string): LayerMatch | undefined {
  const match = matcher(path)
  if (!match) return undefined
  const params = Object.entries(match.params).map(([name, value]) => [Array.isArray(value) ? `*${name}` : `:${name}`, value] as const)
  return { path: match.path, params, matcher: (other) => matchWith(matcher, other), isPattern: matcher.name === 'regexpMatcher' }
}

/** How the regular expressions end that version 4 makes of strings. */
const MADE_OF_A_STRING = '\\/?(?=\\/|$)'

function execRegExp(regexp: RegExp, keys: readonly { readonly name: string | number }[], path: string): LayerMatch | undefined {
  const match = regexp.exec(path)
  if (match === null) return undefined
  const values = match.slice(1)
  const params = values.flatMap((value, at) => (value === undefined ? [] : [[nameOf(keys[at]?.name), value] as const]))
  return {
    path: match[0],
    params,
    matcher: (other) => execRegExp(regexp, keys, other),
    isPattern: !regexp.source.endsWith(MADE_OF_A_STRING),
  }
}

function nameOf(key: string | number | undefined): string {
  return typeof key === 'string' ? `:${key}` : '*'
}
