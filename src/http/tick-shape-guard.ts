import { AsyncResource, executionAsyncResource } from 'node:async_hooks'

/** The object is replaced once in this number of requests, because the shape may change while a process warms up. */
const EVERY = 256

/** From this version on, Node stores contexts without async hooks, and the guard is not needed. */
const FIRST_NODE_WITHOUT_HOOKS = 24

/**
 * Keeps one object of `process.nextTick` alive.
 *
 * V8 drops the shape of these objects in a full garbage collection that finds none of them. When they are made again, V8 treats the place
 * in the code as megamorphic, permanently, and each tick takes several times as long: a third of a request of a small server. Sooner or
 * later this happens in every process. One object that stays alive keeps the shape. See bench/notes/profile.md.
 */
export class TickShapeGuard {
  // A separate resource, so that the object does not keep the context of a request.
  readonly #scope = new AsyncResource('TALLYSCOPE')
  readonly #isUseful = Number.parseInt(process.versions.node, 10) < FIRST_NODE_WITHOUT_HOOKS
  #requests = 0
  /** Never read. */
  tick: object | undefined = undefined

  /** Takes the first object at once, because garbage may be collected before the first request. */
  constructor() {
    this.#take()
  }

  /** Call it once for each request. */
  count(): void {
    if (++this.#requests % EVERY === 0) this.#take()
  }

  #take(): void {
    if (!this.#isUseful) return
    this.#scope.runInAsyncScope(() => {
      process.nextTick(() => {
        this.tick = executionAsyncResource()
      })
    })
  }
}
