import { damaged } from '../frames/frame-error.js'
import { FRAME, FrameWriter } from '../frames/frame-writer.js'
import { PayloadReader } from '../frames/payload-reader.js'

/** The version of the protocol. A keeper refuses members with another one. */
export const PROTOCOL = 1

/** A member in the list that the keeper sends to all. */
export interface RosterEntry {
  readonly id: string
  readonly slot: number
  readonly pid: number
  readonly threadId: number
  readonly state: 'live' | 'late'
  readonly isKeeper: boolean
}

/** A member in the list that a rejoining member sends to a new keeper. */
export interface KnownMember {
  readonly id: string
  readonly pid: number
}

/** The content of control frames by kind. REFUSED, REQUEST_CHANGES, ROSTER and FAILED are sent by the keeper. */
export interface ControlMessages {
  /** The first frame of a member. `roster`: the members of its former keeper, this one included; empty if they are not known. */
  HELLO: {
    protocol: number
    id: string
    pid: number
    threadId: number
    /** Its former slot, or -1. */
    slot: number
    canLead: boolean
    /** True if it was a member of a former keeper. */
    isRejoining: boolean
    roster: KnownMember[]
  }
  /** The keeper has accepted the member. `term` is an id that a process gets each time it becomes the keeper. */
  WELCOME: { keeperId: string; term: string; slot: number }
  /** `isFinal` is true if another attempt would be refused too. */
  REFUSED: { reason: string; message: string; isFinal: boolean }
  REQUEST_CHANGES: { number: number; waitMs: number }
  /** The reply to the request with this number is complete. The number 0 stands for changes without a request. */
  END: { number: number }
  /** The sender ends in an orderly way. */
  LEAVE: Record<string, never>
  /**
   * The origin of the rows in the next frame: merged rows, rows of a member in the process of the keeper (`keeper`), totals of departed
   * members, or rows of the sender (`self`).
   */
  ORIGIN: {
    of: 'merged' | 'keeper' | 'departed' | 'self'
    keeperId: string
    term: string
    /** The id of the member for `keeper`, otherwise that of the keeper. */
    id: string
    slot: number
    /** The process of the keeper. */
    pid: number
  }
  /** Sent to the standby after the rows of this thread have been added to those of departed members. */
  DEPARTED: { term: string; id: string }
  /** Sent to a thread of the keeper, which has to send all its rows again for a new standby. */
  RESEND: Record<string, never>
  ROSTER: { members: RosterEntry[] }
  REQUEST_MERGED: { number: number; waitMs: number; isFresh: boolean }
  FAILED: { number: number; code: string; message: string }
  /** The reply of the keeper to END with the number 0, which shows that it does not hang. A busy channel has frames that show it already. */
  ALIVE: Record<string, never>
  /** Sent to a new keeper after the replica of the old one. `isOver` is true if the connection to the old one has ended. */
  REPLICA: { keeperId: string; term: string; isOver: boolean }
}

export type ControlKind = keyof ControlMessages
export type ControlMessage = { [K in ControlKind]: { readonly kind: K } & Readonly<ControlMessages[K]> }[ControlKind]

export const CONTROL: Readonly<Record<ControlKind, number>> = {
  HELLO: FRAME.HELLO,
  WELCOME: FRAME.WELCOME,
  REFUSED: FRAME.REFUSED,
  REQUEST_CHANGES: FRAME.REQUEST_CHANGES,
  END: FRAME.END,
  LEAVE: FRAME.LEAVE,
  ORIGIN: FRAME.ORIGIN,
  ROSTER: 8,
  REQUEST_MERGED: 9,
  FAILED: 10,
  ALIVE: 11,
  REPLICA: 12,
  DEPARTED: 13,
  RESEND: 14,
}

const KINDS = new Map(Object.entries(CONTROL).map(([kind, number]) => [number, kind as ControlKind]))
const MAX_ROSTER = 4_096
const MAX_WORDS = 1_000
const MAX_WAIT_MS = 60_000
const writer = new FrameWriter()

/** Returns a control frame. Its content is JSON, because control frames are few and small. */
export function controlFrame<K extends ControlKind>(kind: K, content: ControlMessages[K]): Uint8Array {
  return writer.begin(CONTROL[kind]).text(JSON.stringify(content)).end()
}

/** @throws {@link FrameError} `ERR_GROUP_FRAME` for a frame that this version cannot have written. */
export function readControlFrame(frame: Uint8Array): ControlMessage {
  const reader = new PayloadReader(frame)
  const kind = KINDS.get(reader.kind)
  if (kind === undefined) throw damaged(`its kind ${reader.kind} is unknown`)
  const content = parsed(reader.text())
  reader.end()
  for (const [field, isValid] of Object.entries(FIELDS[kind])) {
    if (!isValid(content[field])) throw damaged(`${field} of ${kind} is not valid`)
  }
  return { ...content, kind } as ControlMessage
}

function parsed(text: string): Record<string, unknown> {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw Object.assign(damaged('it is not JSON'), { cause })
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw damaged('it is not an object')
  return content as Record<string, unknown>
}

type Check = (value: unknown) => boolean

const isNumber: Check = (value) => Number.isSafeInteger(value) && (value as number) >= -1
const isWait: Check = (value) => isNumber(value) && (value as number) <= MAX_WAIT_MS
const isBoolean: Check = (value) => typeof value === 'boolean'
const isWords: Check = (value) => typeof value === 'string' && value.length <= MAX_WORDS
const isCode: Check = (value) => typeof value === 'string' && /^ERR_[A-Z_]{1,60}$/.test(value)
const isId: Check = (value) => typeof value === 'string' && /^[\da-f]{32}$/.test(value)
const oneOf =
  (...names: string[]): Check =>
  (value) =>
    names.includes(value as string)
const listOf =
  (isItem: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= MAX_ROSTER && value.every(isItem)

const isEntry: Check = (value) => {
  if (typeof value !== 'object' || value === null) return false
  const { id, slot, pid, threadId, state, isKeeper } = value as Record<string, unknown>
  return isId(id) && [slot, pid, threadId].every(isNumber) && oneOf('live', 'late')(state) && isBoolean(isKeeper)
}

const isKnownMember: Check = (value) => {
  if (typeof value !== 'object' || value === null) return false
  const { id, pid } = value as Record<string, unknown>
  return isId(id) && isNumber(pid)
}

const FIELDS: { readonly [K in ControlKind]: { readonly [F in keyof ControlMessages[K]]: Check } } = {
  HELLO: {
    protocol: isNumber,
    id: isId,
    pid: isNumber,
    threadId: isNumber,
    slot: isNumber,
    canLead: isBoolean,
    isRejoining: isBoolean,
    roster: listOf(isKnownMember),
  },
  WELCOME: { keeperId: isId, term: isId, slot: isNumber },
  REFUSED: { reason: isWords, message: isWords, isFinal: isBoolean },
  REQUEST_CHANGES: { number: isNumber, waitMs: isWait },
  END: { number: isNumber },
  LEAVE: {},
  ORIGIN: {
    of: oneOf('merged', 'keeper', 'departed', 'self'),
    keeperId: isId,
    term: isId,
    id: isId,
    slot: isNumber,
    pid: isNumber,
  },
  DEPARTED: { term: isId, id: isId },
  RESEND: {},
  ROSTER: { members: listOf(isEntry) },
  REQUEST_MERGED: { number: isNumber, waitMs: isWait, isFresh: isBoolean },
  FAILED: { number: isNumber, code: isCode, message: isWords },
  ALIVE: {},
  REPLICA: { keeperId: isId, term: isId, isOver: isBoolean },
}
