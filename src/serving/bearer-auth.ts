import { createHash, timingSafeEqual } from 'node:crypto'
import { headerValue, type RequestHeaders, type RequestQuery } from './scrape-request.js'

/** Decides whether a scrape is allowed. If it throws or rejects, the scrape gets status 500. */
export type Guard = (headers: RequestHeaders, query: RequestQuery | undefined) => boolean | Promise<boolean>

/** True if `Authorization` has one of the tokens. Takes constant time. */
export function hasBearerToken(headers: RequestHeaders, digests: readonly Buffer[]): boolean {
  const [, token] = /^bearer +([^ ]+) *$/i.exec(headerValue(headers, 'authorization') ?? '') ?? []
  const given = digest(token ?? '')
  let found = false
  for (const expected of digests) found = timingSafeEqual(given, expected) || found
  return found && token !== undefined
}

/** A digest of a token. Digests have the same length, as a comparison in constant time needs. */
export function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
