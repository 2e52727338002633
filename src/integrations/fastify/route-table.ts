import type { FastifyRequest } from 'fastify'
import { RequestTags, type RequestTagFunctions } from '../../http/request-tags.js'
import type { Tags } from '../../stats/tags/tag-map.js'
import type { TallyscopeRouteConfig } from './options.js'
import { RouteSeries } from '../../http/route-series.js'
import type { ServerMeasures } from '../../http/server-measures.js'

/** The used part of a route's `config`. `disableMetrics` and `statsId` are options of fastify-metrics. */
interface RouteConfig {
  readonly url?: unknown
  readonly tallyscope?: unknown
  readonly disableMetrics?: unknown
  readonly statsId?: unknown
}

/** Returned instead of a route for a request that must not be measured. */
export const NOT_MEASURED: unique symbol = Symbol('not measured')

/** Finds the route of a request by Fastify's `config` object, of which each route has one. */
export class RouteTable {
  private readonly measures: ServerMeasures
  private readonly unmatched: RouteSeries
  /** Fastify's private key of a request's route; null if it cannot be found. */
  private context: symbol | null | undefined = undefined
  private readonly routes = new WeakMap<object, RouteSeries | typeof NOT_MEASURED>()
  /** Consecutive requests often have the same route. */
  private lastConfig: RouteConfig | undefined = undefined
  private last: RouteSeries | typeof NOT_MEASURED

  private readonly requestTags: RequestTags<FastifyRequest> | undefined

  constructor(measures: ServerMeasures, unmatched: RouteSeries, requestTags?: RequestTags<FastifyRequest>) {
    this.measures = measures
    this.requestTags = requestTags
    this.unmatched = unmatched
    this.last = unmatched
  }

  find(request: FastifyRequest): RouteSeries | typeof NOT_MEASURED {
    const config = this.configOf(request)
    if (config === this.lastConfig && config !== undefined) return this.last
    if (config?.url === undefined) return this.unmatched
    let route = this.routes.get(config)
    if (route === undefined) {
      route = this.make(config)
      this.routes.set(config, route)
    }
    this.lastConfig = config
    this.last = route
    return route
  }

  /** `request.routeOptions` creates an object of twelve fields at each call, so its source is read instead if it can be found. */
  private configOf(request: FastifyRequest): RouteConfig | undefined {
    if (this.context === undefined) {
      const symbols = Object.getOwnPropertySymbols(request)
      const found = symbols.find((symbol) => symbol.description === 'fastify.context')
      this.context = found !== undefined && contextOf(request, found)?.config === request.routeOptions.config ? found : null
    }
    if (this.context === null) return request.routeOptions.config as unknown as RouteConfig | undefined
    return contextOf(request, this.context)?.config
  }

  private make({ url, tallyscope, disableMetrics, statsId }: RouteConfig): RouteSeries | typeof NOT_MEASURED {
    if (tallyscope === false || disableMetrics === true) return NOT_MEASURED
    const { name, tags = {} } = (typeof tallyscope === 'object' && tallyscope !== null ? tallyscope : {}) as TallyscopeRouteConfig
    const functions = Object.entries(tags).filter(([, value]) => typeof value === 'function')
    const fixed = Object.entries(tags).filter(([, value]) => typeof value !== 'function')
    return new RouteSeries(
      this.measures,
      stringOf(name) ?? stringOf(statsId) ?? String(url),
      fixed.length === 0 ? undefined : (Object.fromEntries(fixed) as Tags),
      functions.length === 0 ? this.requestTags : new RequestTags(this.functionsWith(Object.fromEntries(functions))),
    )
  }

  private functionsWith(functions: object): RequestTagFunctions<FastifyRequest> {
    return { ...this.requestTags?.functions, ...(functions as RequestTagFunctions<FastifyRequest>) }
  }
}

function contextOf(request: FastifyRequest, symbol: symbol): { readonly config?: RouteConfig } | undefined {
  return (request as unknown as Record<symbol, { config?: RouteConfig } | undefined>)[symbol]
}

function stringOf(name: unknown): string | undefined {
  return typeof name === 'string' && name !== '' ? name : undefined
}
