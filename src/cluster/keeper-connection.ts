import { threadId } from 'node:worker_threads'
import type { Channel } from './net/channel.js'
import { controlFrame, type ControlMessages, PROTOCOL } from './net/control-frames.js'

/** How a connection to a keeper has ended. */
export type Ending = 'closed' | 'hung' | 'refused' | 'refused for good'

/** The connection of a member to the keeper of its group. */
export interface KeeperConnection {
  readonly channel: Channel
  readonly resolve: (ending: Ending) => void
  origin: ControlMessages['ORIGIN'] | undefined
  keeperId: string | undefined
  term: string
  isOver: boolean
  /** Since when the keeper owes a sign of life; undefined if it owes none. */
  unansweredSinceMs: number | undefined
}

type Hello = ControlMessages['HELLO']

/** The first frame of a member of this process or thread. */
export function helloFrame(member: Omit<Hello, 'protocol' | 'pid' | 'threadId'>): Uint8Array {
  return controlFrame('HELLO', { protocol: PROTOCOL, pid: process.pid, threadId, ...member })
}

/** A connection over this channel, to a keeper that has not taken the member yet, and owes an answer. */
export function newConnection(channel: Channel, resolve: (ending: Ending) => void, nowMs: number): KeeperConnection {
  return { channel, resolve, origin: undefined, keeperId: undefined, term: '', isOver: false, unansweredSinceMs: nowMs }
}
