import { threadId } from 'node:worker_threads'
import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import type { Channel } from './net/channel.js'
import { controlFrame, type ControlMessages, PROTOCOL } from './net/control-frames.js'

/** A keeper that sends no frame for this long, although one is expected, hangs. */
const HUNG_MS = 10_000
/** Time to read what has arrived while this process itself was stopped. */
const READ_MS = 1_000

/** How a connection to a keeper has ended. */
export type Ending = 'closed' | 'hung' | 'refused' | 'refused for good'

/** The connection of a member to the keeper of its group. */
export interface KeeperConnection {
  readonly channel: Channel
  readonly ended: Promise<Ending>
  readonly resolve: (ending: Ending) => void
  /** Ends a call of {@link drained}. */
  stopWaiting: () => void
  readonly watchdog: KeeperWatchdog
  origin: ControlMessages['ORIGIN'] | undefined
  keeperId: string | undefined
  term: string
  isOver: boolean
}

type Hello = ControlMessages['HELLO']

/** Returns the first frame that a member sends. */
export function helloFrame(member: Omit<Hello, 'protocol' | 'pid' | 'threadId'>): Uint8Array {
  return controlFrame('HELLO', { protocol: PROTOCOL, pid: process.pid, threadId, ...member })
}

/** Creates a connection over this channel. The reply to HELLO is expected. */
export function newConnection(channel: Channel, clock: Clock, onHung: (connection: KeeperConnection) => void): KeeperConnection {
  let settle: (ending: Ending) => void = () => {}
  const ended = new Promise<Ending>((resolve) => {
    settle = resolve
  })
  const resolve = (ending: Ending): void => {
    connection.stopWaiting()
    settle(ending)
  }
  const watchdog = new KeeperWatchdog(clock, () => onHung(connection))
  const state = { origin: undefined, keeperId: undefined, term: '', isOver: false, stopWaiting: () => {} }
  const connection: KeeperConnection = { channel, ended, resolve, watchdog, ...state }
  watchdog.expectFrame()
  return connection
}

/**
 * Resolves when the channel is no longer busy, or the connection has ended. Ends the connection if the keeper reads nothing. One call at a
 * time. `Promise.race` with `ended` would add to this promise at each call, for as long as the connection lives.
 */
export async function drained(connection: KeeperConnection): Promise<void> {
  const { channel, watchdog, isOver } = connection
  if (isOver) return
  watchdog.expectFrame()
  await new Promise<void>((resolve) => {
    connection.stopWaiting = resolve
    void channel.drained().then(resolve)
  })
  watchdog.received()
}

/** Detects a keeper that hangs: a frame is expected, and none arrives. */
class KeeperWatchdog {
  readonly #clock: Clock
  readonly #onHung: () => void
  #stopTimer: (() => void) | undefined

  constructor(clock: Clock, onHung: () => void) {
    this.#clock = clock
    this.#onHung = onHung
  }

  /** Call after sending something that the keeper has to reply to. */
  expectFrame(): void {
    this.#stopTimer ??= startTimer(this.#clock, HUNG_MS, () => {
      this.#stopTimer = startTimer(this.#clock, READ_MS, () => {
        this.#stopTimer = undefined
        this.#onHung()
      })
    })
  }

  /** Call when a frame has arrived, or none is expected any more. */
  received(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }
}
