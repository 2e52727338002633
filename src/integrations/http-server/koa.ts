import type { IncomingMessage } from 'node:http'
import { setRoute } from './route-names.js'

/** What is used of a Koa context; `_matchedRoute` is set by its router. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly _matchedRoute?: unknown
  readonly routerPath?: unknown
}

/**
 * Middleware of Koa that takes the route over from its router: `app.use(koaRoute)`, before the router. Without it all requests
 * of Koa are of the route `unmatched`.
 */
export async function koaRoute(context: KoaContext, next: () => Promise<unknown>): Promise<void> {
  try {
    await next()
  } finally {
    const route = context._matchedRoute
    if (typeof route === 'string' || route instanceof RegExp) setRoute(context.req, String(route))
  }
}
