import { AsyncResource, executionAsyncResource } from 'node:async_hooks'

/** The shape may change while a process warms up: the object is taken again once in so many requests. */
const EVERY = 256

/** From here on Node keeps contexts without async hooks, and reading the object would only cost time. */
const FIRST_NODE_WITHOUT_HOOKS = 24

/**
 * Keeps one object of `process.nextTick` alive.
 *
 * V8 drops the shape of these objects in a full collection that meets none of them. When they are made again it takes the
 * place that makes them to be of many shapes, for good, and each tick costs several times as much: a third of what a request of
 * a small server takes, sooner or later in the life of every process. One object that stays keeps the shape. See bench/notes/profile.md.
 */
export class TickShapeGuard {
  // Of its own, so that no context of a request is kept along.
  readonly #scope = new AsyncResource('TALLYSCOPE')
  readonly #isUseful = Number.parseInt(process.versions.node, 10) < FIRST_NODE_WITHOUT_HOOKS
  #requests = 0
  /** Nobody reads it. */
  tick: object | undefined = undefined

  /** The first is taken at once: a server may wait for its first request while collections go on. */
  constructor() {
    this.#take()
  }

  /** To be called once a request. */
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
