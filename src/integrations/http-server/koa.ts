import type { IncomingMessage } from 'node:http'
import { setRouteReader } from './route-names.js'

/** The used part of a Koa context. Its router sets `_matchedRoute`. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly _matchedRoute?: unknown
}

/**
 * Koa middleware that sets the route from Koa's router. It must be used before the router. Without it, the route of all Koa requests is
 * `unmatched`. A route of `setRoute` is kept.
 * @example
 * app.use(koaRoute).use(router.routes())
 */
export async function koaRoute(context: KoaContext, next: () => Promise<unknown>): Promise<void> {
  // The response may close before middleware ends: the client left, or the handler wrote to the response itself.
  setRouteReader(context.req, () => {
    const route = context._matchedRoute
    return typeof route === 'string' || route instanceof RegExp ? String(route) : undefined
  })
  await next()
}
