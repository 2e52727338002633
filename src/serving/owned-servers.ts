import { processGlobal } from '../base/process-global.js'

/** HTTP servers whose requests are measured by their framework's own integration, or that serve our own pages. */
const owned = processGlobal('owned-http-servers', () => new WeakSet<object>())

/** Keeps the general instrumentation of HTTP servers away from one. */
export function ownServer(server: object): void {
  owned.add(server)
}

export function isOwnedServer(server: object): boolean {
  return owned.has(server)
}
