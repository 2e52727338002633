import { expect, test } from 'vitest'
import { FrameWriter } from '../../../src/cluster/frames/frame-writer.js'
import { CONTROL, type ControlKind, controlFrame, type ControlMessages, readControlFrame } from '../../../src/cluster/net/control-frames.js'
import { newId } from '../../../src/cluster/net/new-id.js'

const id = newId()
const MESSAGES: ControlMessages = {
  HELLO: { protocol: 1, id, pid: 1, threadId: 0, slot: -1, canLead: true, isRejoining: false, roster: [{ id, pid: 7 }] },
  WELCOME: { keeperId: id, term: id, slot: 0 },
  REFUSED: { reason: 'members', message: 'full', isFinal: false },
  REQUEST_CHANGES: { number: 1, waitMs: 1_000 },
  END: { number: 0 },
  LEAVE: {},
  ORIGIN: { of: 'merged', keeperId: id, term: id, id, slot: 0, pid: 1 },
  ROSTER: { members: [{ id, slot: 0, pid: 1, threadId: 0, state: 'late', isKeeper: true }] },
  REQUEST_MERGED: { number: 1, waitMs: 1, isFresh: true },
  FAILED: { number: 1, code: 'ERR_GROUP_INCOMPLETE', message: 'not now' },
  ALIVE: {},
  REPLICA: { keeperId: id, term: id, isOver: true },
  DEPARTED: { term: id, id },
  RESEND: {},
}
const kinds = Object.keys(MESSAGES) as ControlKind[]
const written = (kind: number, text: string): Uint8Array => new FrameWriter().begin(kind).text(text).end()
const damaged = expect.objectContaining({ code: 'ERR_GROUP_FRAME' }) as Error

test.each(kinds)('%s is read as it was written', (kind) => {
  expect(readControlFrame(controlFrame(kind, MESSAGES[kind] as never))).toEqual({ kind, ...MESSAGES[kind] })
})

test.each(kinds)('%s with a field of a wrong type is invalid', (kind) => {
  for (const field of Object.keys(MESSAGES[kind])) {
    for (const value of [null, {}, -2, 0.5]) {
      const frame = written(CONTROL[kind], JSON.stringify({ ...MESSAGES[kind], [field]: value }))
      expect(() => readControlFrame(frame), `${field} ${JSON.stringify(value)}`).toThrow(damaged)
    }
  }
})

test('unknown kinds, invalid JSON and truncated frames are invalid', () => {
  for (const frame of [
    written(15, '{}'),
    written(CONTROL.LEAVE, '[]'),
    written(CONTROL.LEAVE, 'null'),
    written(CONTROL.LEAVE, '{'),
    Uint8Array.of(1, 0, 0, 0, 5),
  ]) {
    expect(() => readControlFrame(frame)).toThrow(damaged)
  }
})

test('names on prototypes change no object', () => {
  readControlFrame(written(CONTROL.LEAVE, '{"__proto__":{"polluted":1}}'))
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})
