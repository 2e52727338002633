import type { Clock } from '../base/clock.js'
import { errorText } from '../base/rate-limited-log.js'
import { warnOnce } from '../base/logger.js'
import { FrameReader } from './frames/frame-reader.js'
import { isDataFrame, kindOf } from './frames/frame-writer.js'
import type { Departures } from './departures.js'
import type { ReplicaImport } from './replica-import.js'
import type { GroupData, MergedData } from './group-data.js'
import { countDroppedFiles } from './group-metrics.js'
import { type ControlMessages, readControlFrame } from './net/control-frames.js'
import type { GroupFolder } from './net/group-folder.js'

type Origin = ControlMessages['ORIGIN']

/** If the whole group was stopped for longer than this, its totals begin at 0. */
const HANDOVER_MS = 10_000
/** Files that are imported at once. In a folder that others may write to, any number of them may appear. */
const MAX_FILES = 1_024

interface FinalRowsOptions {
  readonly clock: Clock
  readonly limits: GroupData['limits']
  readonly folder: GroupFolder | undefined
  readonly merged: MergedData
  readonly departures: Departures
  readonly replicas: ReplicaImport
  readonly isConnected: (id: string) => boolean
  /** Returns true if this keeper continues the group of a former one; undefined until that is known. */
  readonly isContinued: () => boolean | undefined
}

/**
 * Imports the files that members and keepers write when they leave the group. A member writes its file before it sends LEAVE, because the
 * keeper and its standby may end at the same moment, and then no process receives LEAVE.
 */
export class FinalRows {
  readonly #options: FinalRowsOptions
  /**
   * Ids of files that are older than this keeper. They are not counted if its group does not continue a former one. Undefined until the
   * folder could be read.
   */
  #former: readonly string[] | undefined
  #isStopped = false

  constructor(options: FinalRowsOptions) {
    this.#options = options
    this.#former = this.#idsIfReadable()
  }

  /** The ids of all files; none while the folder cannot be read. */
  get ids(): readonly string[] {
    return this.#idsIfReadable() ?? []
  }

  /**
   * Adds the rows of all files to the totals and removes the files, except those of connected members. If the folder cannot be read, as when
   * the process has no file descriptor left, the next call adds them.
   */
  import(): void {
    const { folder } = this.#options
    if (folder === undefined || this.#isStopped) return
    this.#former ??= this.#idsIfReadable()
    if (this.#former === undefined) return
    try {
      this.#import(folder, this.#former)
    } catch (error) {
      warnUnreadable(error)
    }
  }

  #idsIfReadable(): readonly string[] | undefined {
    try {
      return this.#options.folder?.finalRowIds() ?? []
    } catch (error) {
      return warnUnreadable(error)
    }
  }

  #import(folder: GroupFolder, former: readonly string[]): void {
    const { isConnected, departures } = this.#options
    const waiting = new Set(this.#waitingFiles(folder, former))
    // Connected members will send LEAVE.
    const found = folder.finalRowIds().filter((id) => !waiting.has(id) && !isConnected(id))
    const counted = this.#newest(folder, found).filter((id) => !departures.hasDeparted(id))
    // The file of a keeper is newer than the replica in the file of its standby, and is therefore read first.
    const ofMembers = counted.filter((id) => !this.#take(folder, id, (of) => of !== 'self'))
    for (const id of ofMembers) this.#take(folder, id, () => true)
    for (const id of found) folder.removeFinalRows(id)
  }

  /** Removes a file and adds its rows to the totals if it has this origin. Returns false if it has another one. */
  #take(folder: GroupFolder, id: string, isWanted: (of: Origin['of'] | undefined) => boolean): boolean {
    const bytes = folder.readFinalRows(id)
    if (bytes === undefined) return true
    if (!isWanted(this.#originOf(bytes)?.of)) return false
    folder.removeFinalRows(id)
    this.#apply(id, bytes)
    return true
  }

  /** Returns the newest of these files, at most {@link MAX_FILES}. Others are counted. */
  #newest(folder: GroupFolder, ids: readonly string[]): readonly string[] {
    if (ids.length <= MAX_FILES) return ids
    countDroppedFiles(ids.length - MAX_FILES)
    const times = new Map(ids.map((id) => [id, folder.finalRowsUnixMs(id)]))
    return [...ids].sort((a, b) => times.get(b)! - times.get(a)!).slice(0, MAX_FILES)
  }

  /** Removes the file of a member that has sent LEAVE, or of a keeper whose replica has been imported. */
  drop(id: string): void {
    if (!this.#isStopped) this.#options.folder?.removeFinalRows(id)
  }

  /** Imports files for the last time, because this keeper writes its own one. All other files are left to the next keeper. */
  importLast(): void {
    this.import()
    this.#isStopped = true
  }

  /** Returns the ids of older files while it is not known if they count. Removes them if they do not. */
  #waitingFiles(folder: GroupFolder, former: readonly string[]): readonly string[] {
    if (former.length === 0) return []
    const isContinued = this.#options.isContinued()
    if (isContinued === undefined) return former
    if (!isContinued && !this.#isHandedOver(folder, former)) for (const id of former) folder.removeFinalRows(id)
    this.#former = []
    return []
  }

  /** True if a keeper has written one of the files within the last ten seconds, because the whole group is restarted. */
  #isHandedOver(folder: GroupFolder, former: readonly string[]): boolean {
    const sinceUnixMs = this.#options.clock.unixMs() - HANDOVER_MS
    return former.some((id) => {
      const bytes = folder.finalRowsUnixMs(id) >= sinceUnixMs ? folder.readFinalRows(id) : undefined
      const origin = bytes && this.#originOf(bytes)
      return origin !== undefined && origin.of !== 'self'
    })
  }

  #apply(id: string, bytes: Uint8Array): void {
    const { merged, departures, replicas } = this.#options
    const reader = this.#reader(bytes)
    let origin: Origin | undefined
    let member = departures.reclaim(id) ?? replicas.reclaim(id)
    try {
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        if (!isDataFrame(kindOf(frame))) {
          const message = readControlFrame(frame)
          if (message.kind === 'ORIGIN') origin = message
          if (message.kind === 'REPLICA') replicas.complete(message.keeperId, message.term, true)
        } else if (origin?.of === 'self') {
          member ??= merged.contributor(id, origin.slot)
          member.apply(frame)
        } else if (origin !== undefined) replicas.apply(origin, frame)
      }
    } catch (error) {
      warnOnce('TALLYSCOPE_GROUP', 'left rows', `the last rows of a process that has ended cannot be read: ${errorText(error)}`)
    }
    if (member !== undefined) departures.depart(member, 'exit')
  }

  #originOf(bytes: Uint8Array): Origin | undefined {
    try {
      const message = readControlFrame(this.#reader(bytes).next() ?? new Uint8Array())
      return message.kind === 'ORIGIN' ? message : undefined
    } catch {
      return undefined // `#apply` reports the fault
    }
  }

  #reader(bytes: Uint8Array): FrameReader {
    const reader = new FrameReader(this.#options.limits.frameBytes)
    reader.push(bytes)
    return reader
  }
}

function warnUnreadable(error: unknown): undefined {
  warnOnce('TALLYSCOPE_GROUP', 'final rows unread', `the last rows of processes that have ended are read later: ${errorText(error)}`)
}
