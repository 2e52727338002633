/** Fastify's private key for "this reply was hijacked"; null if it cannot be found. */
let key: symbol | null | undefined

/** True if the application called `reply.hijack()`. Only known until the reply has ended. */
export function isHijacked(reply: object): boolean {
  if (key === undefined) key = findKey(Object.getPrototypeOf(reply) as object)
  return key !== null && (reply as Record<symbol, unknown>)[key] === true
}

/** Calls `hijack()` on a dummy reply and returns the key that it sets. */
function findKey(prototype: object): symbol | null {
  try {
    const probe = Object.create(prototype, { request: { value: { raw: {} } } }) as { hijack(): void }
    probe.hijack()
    return Object.getOwnPropertySymbols(probe)[0] ?? null
  } catch {
    return null
  }
}
