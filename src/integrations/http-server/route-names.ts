import type { IncomingMessage } from 'node:http'
import { processGlobal } from '../../base/process-global.js'
import { type RequestTagReader, RouteSeries } from '../../http/route-series.js'
import type { ServerMeasures } from '../../http/server-measures.js'
import { expressRoute } from './express-route.js'
import { serverFault } from './server-faults.js'

/** Routes that are kept apart. An application has few; a function of the program may return a path by mistake. */
const MAX_ROUTES = 1_000
const OTHER = 'other'

/** Names that middleware gave to the routes of requests. Most programs give none, and a look into the map makes a hash of the request. */
const given = processGlobal('http-given-routes', () => ({ isUsed: false, routes: new WeakMap<IncomingMessage, string>() }))

/**
 * Sets the route of a request, as label and in the name of its span. Use few different ones: a template, not a path.
 * @example
 * setRoute(request, '/blog/[slug]')
 */
export function setRoute(request: IncomingMessage, route: string): void {
  given.isUsed = true
  given.routes.set(request, route)
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

  /** Never throws; undefined if no route matches. */
  find(request: IncomingMessage): RouteSeries | undefined {
    const name = this.#nameOf(request)
    return name === undefined || name === '' ? undefined : (this.#routes.get(name) ?? this.#add(name))
  }

  #nameOf(request: IncomingMessage): string | undefined {
    try {
      const name = (given.isUsed ? given.routes.get(request) : undefined) ?? this.#routeOf?.(request) ?? expressRoute(request)
      return typeof name === 'string' ? name : undefined
    } catch {
      serverFault('route').value++
      return undefined
    }
  }

  #add(name: string): RouteSeries {
    const isFull = this.#routes.size >= MAX_ROUTES
    if (isFull) serverFault('too many routes').value++
    const key = isFull ? OTHER : name
    let route = this.#routes.get(key)
    if (route === undefined) {
      route = new RouteSeries(this.#measures, key, undefined, this.#requestTags)
      this.#routes.set(key, route)
    }
    return route
  }
}
