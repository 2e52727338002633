import type { EventEmitter } from 'node:events'
import { processGlobal } from '../base/process-global.js'

/** HTTP servers whose framework has its own integration, and our own servers; of frameworks also the listeners for requests. */
const owned = processGlobal('owned-http-servers', () => new WeakSet<object>())

/** Excludes a server from the general instrumentation of HTTP servers. */
export function ownServer(server: object): void {
  owned.add(server)
}

/** Also excludes the other servers with the same listeners: Fastify makes one for each address of `localhost`. */
export function ownServersOf(server: EventEmitter): void {
  ownServer(server)
  for (const listener of server.listeners('request')) owned.add(listener)
}

/** True for an excluded server, which is found by its listeners. To be called for each connection before its requests. */
export function claimsServer(server: EventEmitter): boolean {
  if (!owned.has(server) && server.listeners('request').some((listener) => owned.has(listener))) owned.add(server)
  return owned.has(server)
}

export function isOwnedServer(server: object): boolean {
  return owned.has(server)
}
