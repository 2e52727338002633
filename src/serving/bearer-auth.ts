import { createHash, timingSafeEqual } from 'node:crypto'
import { headerValue, type RequestHeaders, type RequestQuery } from './scrape-request.js'

/** Decides whether a scrape is allowed. One that throws or rejects ends the scrape with 500. */
export type Guard = (headers: RequestHeaders, query: RequestQuery | undefined) => boolean | Promise<boolean>

/** Whether `Authorization` carries one of the tokens; takes the same time whichever and however much of it is right. */
export function hasBearerToken(headers: RequestHeaders, digests: readonly Buffer[]): boolean {
  const [, token] = /^bearer +([^ ]+) *$/i.exec(headerValue(headers, 'authorization') ?? '') ?? []
  const given = digest(token ?? '')
  let found = false
  for (const expected of digests) found = timingSafeEqual(given, expected) || found
  return found && token !== undefined
}

/** Tokens of any length become equally long. */
export function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
