import { threadId } from 'node:worker_threads'
import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import type { Channel } from './net/channel.js'
import { controlFrame, type ControlMessages, PROTOCOL } from './net/control-frames.js'

/** A keeper that does not react for so long hangs. */
const HUNG_MS = 10_000
/** If this process was stopped itself, what has arrived meanwhile is read in this time. */
const READ_MS = 1_000

/** How a connection to a keeper has ended. */
export type Ending = 'closed' | 'hung' | 'refused' | 'refused for good'

/** The connection of a member to the keeper of its group. */
export interface KeeperConnection {
  readonly channel: Channel
  readonly ended: Promise<Ending>
  readonly resolve: (ending: Ending) => void
  readonly signs: SignsOfLife
  origin: ControlMessages['ORIGIN'] | undefined
  keeperId: string | undefined
  term: string
  isOver: boolean
}

type Hello = ControlMessages['HELLO']

/** The first frame that a member sends. */
export function helloFrame(member: Omit<Hello, 'protocol' | 'pid' | 'threadId'>): Uint8Array {
  return controlFrame('HELLO', { protocol: PROTOCOL, pid: process.pid, threadId, ...member })
}

/** A connection over this channel, to a keeper that has not taken the member yet, and owes an answer. */
export function newConnection(channel: Channel, clock: Clock, onHung: (connection: KeeperConnection) => void): KeeperConnection {
  let resolve: (ending: Ending) => void = () => {}
  const ended = new Promise<Ending>((settle) => {
    resolve = settle
  })
  const signs = new SignsOfLife(clock, () => onHung(connection))
  const connection: KeeperConnection = { channel, ended, resolve, signs, origin: undefined, keeperId: undefined, term: '', isOver: false }
  signs.owed()
  return connection
}

/** Resolves when the keeper has taken enough of what was sent, or the connection has ended, as one to a keeper that hangs does. */
export async function takenBy({ channel, ended, signs }: KeeperConnection): Promise<void> {
  signs.owed()
  await Promise.race([channel.drained(), ended])
  signs.came()
}

/** Finds out that the keeper hangs: something is owed by it, and nothing comes. */
export class SignsOfLife {
  readonly #clock: Clock
  readonly #onHung: () => void
  #stopTimer: (() => void) | undefined

  constructor(clock: Clock, onHung: () => void) {
    this.#clock = clock
    this.#onHung = onHung
  }

  /** The keeper has to react to what was sent. */
  owed(): void {
    this.#stopTimer ??= startTimer(this.#clock, HUNG_MS, () => {
      this.#stopTimer = startTimer(this.#clock, READ_MS, () => {
        this.#stopTimer = undefined
        this.#onHung()
      })
    })
  }

  /** Something has come, or nothing is waited for any more. */
  came(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }
}
