import type { IncomingMessage } from 'node:http'
import { setRoute } from './route-names.js'

/** The used part of a Koa context. Its router sets `_matchedRoute`. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly _matchedRoute?: unknown
}

/**
 * Koa middleware that sets the route from Koa's router. It must be used before the router. Without it, the route of all Koa requests is
 * `unmatched`.
 * @example
 * app.use(koaRoute).use(router.routes())
 */
export async function koaRoute(context: KoaContext, next: () => Promise<unknown>): Promise<void> {
  try {
    await next()
  } finally {
    const route = context._matchedRoute
    if (typeof route === 'string' || route instanceof RegExp) setRoute(context.req, String(route))
  }
}
