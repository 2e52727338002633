/** The key under which Fastify keeps that a reply was hijacked; null if it cannot be found. */
let key: symbol | null | undefined

/** True if the application took the response over by `reply.hijack()`. Fastify reports this only until the reply has ended. */
export function isHijacked(reply: object): boolean {
  if (key === undefined) key = findKey(Object.getPrototypeOf(reply) as object)
  return key !== null && (reply as Record<symbol, unknown>)[key] === true
}

/** Hijacks an object that is no reply, and looks what that has changed. */
function findKey(prototype: object): symbol | null {
  try {
    const probe = Object.create(prototype, { request: { value: { raw: {} } } }) as { hijack(): void }
    probe.hijack()
    return Object.getOwnPropertySymbols(probe)[0] ?? null
  } catch {
    return null
  }
}
