import { processGlobal } from '../base/process-global.js'

/** HTTP servers whose framework has its own integration, and our own servers. */
const owned = processGlobal('owned-http-servers', () => new WeakSet<object>())

/** Excludes a server from the general instrumentation of HTTP servers. */
export function ownServer(server: object): void {
  owned.add(server)
}

export function isOwnedServer(server: object): boolean {
  return owned.has(server)
}
