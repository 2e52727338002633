import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { enterFrame } from '../base/context.js'
import type { ServerInstrumentation } from './server-instrumentation.js'

type Listener = (request: IncomingMessage, socket: Duplex) => void

/** What Node emits in the place of `request`. */
const EVENTS: readonly (string | symbol)[] = ['upgrade', 'connect']

/**
 * Counts connections that are upgraded to another protocol, and tunnels, for which Node has no diagnostics channel. A listener for these
 * events changes the behavior of a server, so that ours is added only while the application has one.
 */
export class UpgradeWatch {
  readonly #instrumentation: ServerInstrumentation
  readonly #servers = new Map<WeakRef<Server>, () => void>()
  readonly #known = new WeakSet<Server>()

  readonly #isFrameworks: boolean

  /** @param isFrameworks True if a framework with its own instrumentation may handle upgrades as requests. */
  constructor(instrumentation: ServerInstrumentation, { isFrameworks = false }: { readonly isFrameworks?: boolean } = {}) {
    this.#instrumentation = instrumentation
    this.#isFrameworks = isFrameworks
  }

  watch(server: Server): void {
    if (this.#known.has(server)) return
    this.#known.add(server)
    const onUpgrade: Listener = (request, socket) => this.#count(request, socket)
    const follow = (event: string | symbol): void => {
      if (!EVENTS.includes(event)) return
      const isThere = server.listeners(event).includes(onUpgrade)
      const others = server.listenerCount(event) - (isThere ? 1 : 0)
      if (others > 0 && !isThere) server.prependListener(event as 'upgrade', onUpgrade)
      if (others === 0 && isThere) server.off(event, onUpgrade)
    }
    // `newListener` is emitted before the listener is added.
    const onNew = (event: string | symbol): void => {
      if (EVENTS.includes(event)) process.nextTick(follow, event)
    }
    server.on('newListener', onNew)
    server.on('removeListener', follow)
    EVENTS.forEach(follow)
    const reference = new WeakRef(server)
    this.#servers.set(reference, () => {
      server.off('newListener', onNew)
      server.off('removeListener', follow)
      for (const event of EVENTS) server.off(event, onUpgrade)
    })
    server.once('close', () => this.#forget(reference))
  }

  stop(): void {
    for (const reference of this.#servers.keys()) this.#forget(reference)
  }

  #forget(reference: WeakRef<Server>): void {
    const undo = this.#servers.get(reference)
    this.#servers.delete(reference)
    const server = reference.deref()
    if (server !== undefined) this.#known.delete(server)
    undo?.()
  }

  #count(request: IncomingMessage, socket: Duplex): void {
    const frame = this.#instrumentation.upgrading(request, socket, this.#isFrameworks)
    if (frame !== undefined) enterFrame(frame)
  }
}
