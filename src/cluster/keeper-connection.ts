import { threadId } from 'node:worker_threads'
import type { Channel } from './net/channel.js'
import { controlFrame, type ControlMessages, PROTOCOL } from './net/control-frames.js'

/** How a connection to a keeper has ended. After `refused for good`, another try would be refused too. */
export type Ending = 'closed' | 'hung' | 'refused' | 'refused for good'

/** The connection of a member to the keeper of its group. */
export interface KeeperConnection {
  readonly channel: Channel
  readonly resolve: (ending: Ending) => void
  origin: ControlMessages['ORIGIN'] | undefined
  keeperId: string | undefined
  term: string
  isOver: boolean
  /** Time of the oldest message that the keeper has not reacted to; undefined if there is none. */
  unansweredSinceMs: number | undefined
}

type Hello = ControlMessages['HELLO']

/** The first frame that a member sends. */
export function helloFrame(member: Omit<Hello, 'protocol' | 'pid' | 'threadId'>): Uint8Array {
  return controlFrame('HELLO', { protocol: PROTOCOL, pid: process.pid, threadId, ...member })
}

/** A connection over this channel, before the keeper has accepted the member. */
export function newConnection(channel: Channel, resolve: (ending: Ending) => void, nowMs: number): KeeperConnection {
  return { channel, resolve, origin: undefined, keeperId: undefined, term: '', isOver: false, unansweredSinceMs: nowMs }
}
