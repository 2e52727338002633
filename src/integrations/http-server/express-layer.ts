/** An entry of an Express router: a route, or a handler that was passed to `use`. */
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

/** The part of a path that a layer matches, and the values of its parameters. */
export interface LayerMatch {
  readonly path: string
  readonly params: readonly (readonly [name: string, value: unknown])[]
  /** Matches another path with the same pattern. A layer may have several. */
  readonly matcher: (path: string) => LayerMatch | undefined
  /** True if the path was given as a regular expression. */
  readonly isPattern: boolean
}

/** The layers of a router or of an application; undefined for other handlers. */
export function layersOf(handler: unknown): readonly ExpressLayer[] | undefined {
  return stackOf(handler) ?? (isApplication(handler) ? stackOf(routerOf(handler)) : undefined)
}

/** True for an application that was passed to `use`, which Express wraps in a function of this name. */
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

/** Version 4 has `_router` from the first route on, and its getter `router` throws. */
function routerOf(app: object): unknown {
  if ('_router' in app || !('router' in app)) return (app as { _router?: unknown })._router
  try {
    return app.router
  } catch {
    return undefined
  }
}

/** Matches a path as the router does. Returns undefined if the layer does not match its start. */
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

/** The end of regular expressions that version 4 compiles from strings. */
const COMPILED_END = '\\/?(?=\\/|$)'

function execRegExp(regexp: RegExp, keys: readonly { readonly name: string | number }[], path: string): LayerMatch | undefined {
  const match = regexp.exec(path)
  if (match === null) return undefined
  const values = match.slice(1)
  const params = values.flatMap((value, at) => (value === undefined ? [] : [[nameOf(keys[at]?.name), value] as const]))
  return {
    path: match[0],
    params,
    matcher: (other) => execRegExp(regexp, keys, other),
    isPattern: !regexp.source.endsWith(COMPILED_END),
  }
}

function nameOf(key: string | number | undefined): string {
  return typeof key === 'string' ? `:${key}` : '*'
}
