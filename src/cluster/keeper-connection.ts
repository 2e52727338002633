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
  let resolve: (ending: Ending) => void = () => {}
  const ended = new Promise<Ending>((settle) => {
    resolve = settle
  })
  const watchdog = new KeeperWatchdog(clock, () => onHung(connection))
  const state = { origin: undefined, keeperId: undefined, term: '', isOver: false }
  const connection: KeeperConnection = { channel, ended, resolve, watchdog, ...state }
  watchdog.expectFrame()
  return connection
}

/** Resolves when the channel is no longer busy, or the connection has ended. Ends the connection if the keeper reads nothing. */
export async function drained({ channel, ended, watchdog }: KeeperConnection): Promise<void> {
  watchdog.expectFrame()
  await Promise.race([channel.drained(), ended])
  watchdog.received()
}

/** Detects a keeper that hangs: a frame is expected, and none arrives. */
export class KeeperWatchdog {
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
