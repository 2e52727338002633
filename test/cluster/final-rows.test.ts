import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Departures } from '../../src/cluster/departures.js'
import { FinalRows } from '../../src/cluster/final-rows.js'
import { departedReplica } from '../../src/cluster/keeper-replica.js'
import { Member } from '../../src/cluster/member.js'
import { type GroupFolder, openGroupFolder } from '../../src/cluster/net/group-folder.js'
import { controlFrame } from '../../src/cluster/net/control-frames.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { ReplicaImport } from '../../src/cluster/replica-import.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { counted, HeldChannel, hello, keeperWith } from './one-keeper.js'
import { Numbers, numbersOf, simpleData } from './simple-data.js'

// The files that processes write before they end, and what the next keeper makes of them.

const HASH = '0123456789abcdef'
let path = ''
let folder: GroupFolder
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'ts-final-'))
  folder = openGroupFolder(HASH, path)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(path, { recursive: true, force: true })
})

const clock = new ManualClock({ unixMs: Date.now() }) // as the files
const data = simpleData(clock)
const fileOf = (id: string): string => join(path, `${HASH}.${id}.final`)

/** What a member leaves that has counted so many hits. */
function framesOf(hits: number, id = newId()): Uint8Array[] {
  const numbers = new Numbers()
  numbers.values['hits'] = hits
  return [...new Member(id, data, [numbers], true).finalFrames()]
}

function leftBy(hits: number): string {
  const id = newId()
  folder.writeFinalRows(id, framesOf(hits, id))
  return id
}

/** A keeper's file: the totals of departed members. */
function leftByKeeper(hits: number): string {
  const term = newId()
  folder.writeFinalRows(term, departedReplica(newId(), term, framesOf(hits).slice(1)))
  return term
}

function keeperOf(isContinued: () => boolean | undefined = () => true) {
  const merged = data.merged()
  const connected = new Set<string>()
  const departures = new Departures(
    clock,
    () => {},
    () => {},
  )
  const isConnected = (id: string): boolean => connected.has(id)
  const replicas = new ReplicaImport(merged, departures, isConnected)
  const finalRows = new FinalRows({ clock, limits: data.limits, folder, merged, departures, replicas, isConnected, isContinued })
  return { merged, connected, departures, finalRows, hits: () => numbersOf(merged.families())['hits'] ?? 0 }
}

test('each file of final rows is added before the next one is read, so that one at a time is in memory', () => {
  for (const hits of [5, 5]) leftBy(hits)
  const keeper = keeperOf()
  const hitsAtRead: number[] = []
  const read = folder.readFinalRows.bind(folder)
  vi.spyOn(folder, 'readFinalRows').mockImplementation((id) => {
    hitsAtRead.push(keeper.hits())
    return read(id)
  })
  keeper.finalRows.import()
  expect([hitsAtRead, keeper.hits()]).toEqual([[0, 0, 0, 5], 10]) // read twice: to find those of keepers, and to add them
})

test.each(['finalRowIds', 'readFinalRows'] as const)('if %s fails, the keeper continues and adds final rows later', (call) => {
  const failing = vi.spyOn(folder, call).mockImplementation(() => {
    throw new Error('EMFILE')
  })
  const { finalRows, hits } = keeperOf()
  const keeper = keeperWith(data, { folder })
  const id = leftBy(5)
  finalRows.import()
  keeper.tick()
  keeper.flushSync()
  expect(hits()).toBe(0)
  expect(existsSync(fileOf(id))).toBe(true)
  failing.mockRestore()
  finalRows.import()
  expect(hits()).toBe(5)
})

test('the final rows of a process are added once, and their file is removed', () => {
  const keeper = keeperOf()
  const id = leftBy(5)
  keeper.finalRows.import()
  keeper.finalRows.import()
  expect([keeper.hits(), existsSync(fileOf(id)), keeper.departures.hasDeparted(id)]).toEqual([5, false, true])
})

test('the file of a connected member waits, because its last frames are in transit', () => {
  const keeper = keeperOf()
  const id = leftBy(5)
  keeper.connected.add(id)
  keeper.finalRows.import()
  expect([keeper.hits(), existsSync(fileOf(id))]).toEqual([0, true])
  keeper.finalRows.drop(id)
  expect(existsSync(fileOf(id))).toBe(false)
})

test('final rows replace the known rows of a member, and are not added again for a departed one', () => {
  const keeper = keeperOf()
  const id = newId()
  const known = keeper.merged.contributor(id, 0)
  for (const frame of framesOf(3, id).slice(1)) known.apply(frame)
  keeper.departures.disconnected(known, () => false)
  folder.writeFinalRows(id, framesOf(5, id))
  keeper.finalRows.import()
  expect(keeper.hits()).toBe(5)
  folder.writeFinalRows(id, framesOf(5, id))
  keeper.finalRows.import()
  expect([keeper.hits(), existsSync(fileOf(id))]).toEqual([5, false])
  keeper.departures.stop()
})

test('the totals of a keeper count once, even if its standby has written them too', () => {
  const keeper = keeperOf()
  const [term, keeperId] = [newId(), newId()]
  const account = framesOf(100).slice(1)
  folder.writeFinalRows(term, departedReplica(keeperId, term, account))
  const standby = newId()
  folder.writeFinalRows(standby, [...framesOf(7, standby), ...departedReplica(keeperId, term, account)])
  keeper.finalRows.import()
  expect(keeper.hits()).toBe(107)
})

test('of more than 1 024 files the newest count, and the others are removed and counted', () => {
  const keeper = keeperOf()
  const oldest = leftBy(100)
  const before = new Date(clock.unixMs() - 1_000)
  utimesSync(fileOf(oldest), before, before)
  for (let at = 0; at < 1_024; at++) leftBy(1)
  const name = 'tallyscope_group_dropped_files_total'
  const dropped = counted(name)
  keeper.finalRows.import()
  expect([keeper.hits(), folder.finalRowIds(), counted(name) - dropped]).toEqual([1_024, [], 1])
})

const DAMAGED: readonly [string, (bytes: Uint8Array) => Uint8Array, number][] = [
  ['cut in its middle', (bytes: Uint8Array) => bytes.slice(0, bytes.length - 3), 5],
  ['that is empty', () => new Uint8Array(), 0],
  ['of something else', () => Uint8Array.from(Buffer.from('{"hits": 99}\n')), 0],
]

test.each(DAMAGED)('the complete frames of a file %s count, and the keeper continues', (_, change, hits) => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const keeper = keeperOf()
  const id = newId()
  const frames = framesOf(5, id)
  writeFileSync(fileOf(id), change(Uint8Array.from(Buffer.concat(frames))))
  leftBy(2)
  keeper.finalRows.import()
  expect([keeper.hits(), existsSync(fileOf(id))]).toEqual([hits + 2, false])
  expect(warned.mock.calls.length).toBeLessThanOrEqual(1)
})

test('a new group starts at 0, unless all members have ended within the last ten seconds, the keeper too', () => {
  const isNew = (): boolean => false
  leftBy(5)
  const without = keeperOf(isNew)
  without.finalRows.import()
  expect([without.hits(), folder.finalRowIds()]).toEqual([0, []])

  leftBy(5)
  leftByKeeper(20)
  const handedOver = keeperOf(isNew)
  handedOver.finalRows.import()
  expect(handedOver.hits()).toBe(25)

  leftBy(5)
  const old = leftByKeeper(20)
  const before = new Date(clock.unixMs() - 11_000)
  utimesSync(fileOf(old), before, before)
  const late = keeperOf(isNew)
  late.finalRows.import()
  expect([late.hits(), folder.finalRowIds()]).toEqual([0, []])
})

test('files wait until it is known if the group continues', () => {
  const id = leftBy(5)
  const state: { isContinued?: boolean } = {}
  const keeper = keeperOf(() => state.isContinued)
  keeper.finalRows.import()
  expect([keeper.hits(), existsSync(fileOf(id))]).toEqual([0, true])
  state.isContinued = true
  keeper.finalRows.import()
  expect([keeper.hits(), existsSync(fileOf(id))]).toEqual([5, false])
})

test('a keeper that has written its file leaves it, and those of its members, to the next keeper', () => {
  const keeper = keeperWith(data, { folder })
  const [own, channel, id] = [new HeldChannel(), new HeldChannel(), newId()]
  for (const each of [own, channel]) keeper.accept(each)
  own.onFrame(hello(keeper.id))
  own.onFrame(controlFrame('END', { number: 0 })) // so that the keeper does not wait for it
  channel.onFrame(hello(id))
  keeper.receiveSync()
  folder.writeFinalRows(keeper.term, keeper.finalFrames())
  folder.writeFinalRows(id, framesOf(5, id))
  channel.onFrame(controlFrame('LEAVE', {}))
  keeper.receiveSync()
  keeper.tick()
  const next = keeperOf()
  expect(folder.finalRowIds().sort()).toEqual([keeper.term, id].sort())
  next.finalRows.import()
  expect(next.hits()).toBe(5)
})
