import type { IncomingMessage } from 'node:http'
import { cutString } from '../../base/strings/intern-string.js'
import { getOrInsert } from '../../base/get-or-insert.js'
import { processGlobal } from '../../base/process-global.js'
import { type RequestTagReader, RouteSeries } from '../../http/route-series.js'
import type { ServerMeasures } from '../../http/server-measures.js'
import { expressRoute } from './express-route.js'
import { MAX_NAME_LENGTH } from '../../trace/data/span-limits.js'
import { serverFault } from './server-faults.js'

/** Limit of different routes, in case a function of the program returns paths by mistake. */
const MAX_ROUTES = 1_000
const OTHER = 'other'

/** The routes of `setRoute`. Most programs never call it, and a look-up in the map computes a hash of the request. */
const setRoutes = processGlobal('http-given-routes', () => ({
  isUsed: false,
  routes: new WeakMap<IncomingMessage, string | (() => string | undefined)>(),
}))

/**
 * Sets the route of a request, which becomes a label value and part of the span's name. Use a template, not a path. It is cut after 256
 * code points.
 * @example
 * setRoute(request, '/blog/[slug]')
 */
export function setRoute(request: IncomingMessage, route: string): void {
  setRoutes.isUsed = true
  setRoutes.routes.set(request, route)
}

/** Sets a function that returns the route of a request when its response closes. */
export function setRouteReader(request: IncomingMessage, read: () => string | undefined): void {
  setRoutes.isUsed = true
  setRoutes.routes.set(request, read)
}

/** Finds the route of a request once it has been handled. */
export class RouteNames {
  readonly #measures: ServerMeasures
  readonly #requestTags: RequestTagReader | undefined
  readonly #routeOf: ((request: IncomingMessage) => string | undefined) | undefined
  readonly #routes = new Map<string, RouteSeries>()

  constructor(
    measures: ServerMeasures,
    routeOf: ((request: IncomingMessage) => string | undefined) | undefined,
    requestTags: RequestTagReader | undefined,
  ) {
    this.#measures = measures
    this.#routeOf = routeOf
    this.#requestTags = requestTags
  }

  /** Returns undefined if no route matches. Never throws. */
  find(request: IncomingMessage): RouteSeries | undefined {
    const name = this.#nameOf(request)
    return name === undefined || name === '' ? undefined : (this.#routes.get(name) ?? this.#add(name))
  }

  #nameOf(request: IncomingMessage): string | undefined {
    try {
      const given = setRoutes.isUsed ? setRoutes.routes.get(request) : undefined
      const name = (typeof given === 'function' ? given() : given) ?? this.#routeOf?.(request) ?? expressRoute(request)
      return typeof name === 'string' ? cutString(name, MAX_NAME_LENGTH) : undefined
    } catch {
      serverFault('route').value++
      return undefined
    }
  }

  #add(name: string): RouteSeries {
    const isFull = this.#routes.size >= MAX_ROUTES
    if (isFull) serverFault('too many routes').value++
    const key = isFull ? OTHER : name
    return getOrInsert(this.#routes, key, () => new RouteSeries(this.#measures, key, undefined, this.#requestTags))
  }
}
