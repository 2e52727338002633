import type { Clock } from '../base/clock.js'
import { errorText } from '../base/rate-limited-log.js'
import { warnOnce } from '../base/logger.js'
import { FrameReader } from './data/frame-reader.js'
import { isDataFrame, kindOf } from './data/frame-writer.js'
import type { Departures } from './departures.js'
import type { ReplicaImport } from './replica-import.js'
import type { GroupData, MergedData } from './group-data.js'
import { type ControlMessages, readControlFrame } from './net/control-frames.js'
import type { GroupFolder } from './net/group-folder.js'

type Origin = ControlMessages['ORIGIN']

/** The totals of a group that was stopped for longer than this begin at 0. */
const HANDOVER_MS = 10_000

export interface FinalRowsOptions {
  readonly clock: Clock
  readonly limits: GroupData['limits']
  readonly folder: GroupFolder | undefined
  readonly merged: MergedData
  readonly departures: Departures
  readonly replicas: ReplicaImport
  readonly isConnected: (id: string) => boolean
  /** True if this keeper follows another one, undefined as long as that is not known. */
  readonly isContinued: () => boolean | undefined
}

/**
 * Files with the last rows of members and keepers that ended in an orderly way. A member writes its file before it sends LEAVE. If
 * several processes end at once, the keeper and its standby may be among them, and then no process receives the LEAVE.
 */
export class FinalRows {
  readonly #options: FinalRowsOptions
  /** Files that were there when this keeper began. If its group does not continue a former one, they are not counted. */
  #former: string[]

  constructor(options: FinalRowsOptions) {
    this.#options = options
    this.#former = options.folder?.finalRowIds() ?? []
  }

  /** Adds the files of members that are not connected to the totals, and removes them. */
  take(): void {
    const { folder, isConnected, departures, isContinued } = this.#options
    if (folder === undefined) return
    if (this.#former.length > 0) {
      const continued = isContinued()
      if (continued === undefined) return
      if (!continued && !this.#isHandedOver(folder)) for (const id of this.#former) folder.removeFinalRows(id)
      this.#former = []
    }
    const found = folder.finalRowIds().filter((id) => !isConnected(id)) // the LEAVE of the others is on its way
    const files = found.map((id) => ({ id, bytes: departures.hasDeparted(id) ? undefined : folder.readFinalRows(id) }))
    for (const id of found) folder.removeFinalRows(id)
    // A keeper's file is newer than its standby's replica, and is read first. It begins with departed totals, or is empty.
    const isMembers = (bytes: Uint8Array | undefined): boolean => bytes !== undefined && this.#originOf(bytes)?.of === 'self'
    files.sort((a, b) => Number(isMembers(a.bytes)) - Number(isMembers(b.bytes)))
    for (const { id, bytes } of files) if (bytes !== undefined) this.#apply(id, bytes)
  }

  /** This member has sent LEAVE, or the replica of this keeper has been imported: its file is not needed. */
  drop(id: string): void {
    this.#options.folder?.removeFinalRows(id)
  }

  /** True if a keeper wrote one of the files within the last ten seconds: the whole group has just been restarted. */
  #isHandedOver(folder: GroupFolder): boolean {
    const sinceUnixMs = this.#options.clock.unixMs() - HANDOVER_MS
    return this.#former.some((id) => {
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
