import type { Clock } from '../base/clock.js'
import { errorText } from '../base/rate-limited-log.js'
import { warnOnce } from '../base/logger.js'
import { FrameReader } from './data/frame-reader.js'
import { isDataFrame, kindOf } from './data/frame-writer.js'
import type { Departures } from './departures.js'
import type { EstateIntake } from './replica-import.js'
import type { MergedData } from './group-data.js'
import { type ControlMessages, readControlFrame } from './net/control-frames.js'
import type { GroupFolder } from './net/group-folder.js'

type Origin = ControlMessages['ORIGIN']

/** A service that is stopped for longer begins at 0. */
const HANDOVER_MS = 10_000

export interface LeftRowsOptions {
  readonly clock: Clock
  readonly folder: GroupFolder | undefined
  readonly merged: MergedData
  readonly departures: Departures
  readonly estates: EstateIntake
  readonly isConnected: (id: string) => boolean
  /** True if this keeper follows another one, undefined as long as that is not known. */
  readonly isContinued: () => boolean | undefined
}

/**
 * Files with the last rows of members and keepers that ended by themselves. A file is written before the goodbye is sent. If several
 * processes end at once, the keeper and its heir may end too, and then no process receives the goodbye.
 */
export class LeftRows {
  readonly #options: LeftRowsOptions
  /** Files of a group that may have ended before this one began, and whose totals begin anew then. */
  #former: string[]

  constructor(options: LeftRowsOptions) {
    this.#options = options
    this.#former = options.folder?.left() ?? []
  }

  /** Adds up what members have left that are not there any more. */
  take(): void {
    const { folder, isConnected, departures, isContinued } = this.#options
    if (folder === undefined) return
    if (this.#former.length > 0) {
      const continued = isContinued()
      if (continued === undefined) return
      if (!continued && !this.#isHandedOver(folder)) for (const id of this.#former) folder.dropLeft(id)
      this.#former = []
    }
    const found = folder.left().filter((id) => !isConnected(id)) // the goodbye of the others is on its way
    const files = found.map((id) => ({ id, bytes: departures.isFolded(id) ? undefined : folder.readLeft(id) }))
    for (const id of found) folder.dropLeft(id)
    // What a keeper has left is newer than what its heir has of it. Such a file begins with the account, or has nothing.
    const isMembers = (bytes: Uint8Array | undefined): boolean => bytes !== undefined && originOf(bytes)?.of === 'self'
    files.sort((a, b) => Number(isMembers(a.bytes)) - Number(isMembers(b.bytes)))
    for (const { id, bytes } of files) if (bytes !== undefined) this.#apply(id, bytes)
  }

  /** The goodbye of this member has been heard, or the estate of this keeper has come. */
  drop(id: string): void {
    this.#options.folder?.dropLeft(id)
  }

  /** All members have ended by themselves a moment ago, the keeper too: what they have left is whole, and the new ones go on with it. */
  #isHandedOver(folder: GroupFolder): boolean {
    const sinceUnixMs = this.#options.clock.unixMs() - HANDOVER_MS
    return this.#former.some((id) => {
      const bytes = folder.leftUnixMs(id) >= sinceUnixMs ? folder.readLeft(id) : undefined
      return bytes !== undefined && originOf(bytes) !== undefined && originOf(bytes)!.of !== 'self'
    })
  }

  #apply(id: string, bytes: Uint8Array): void {
    const { merged, departures, estates } = this.#options
    const reader = new FrameReader()
    reader.push(bytes)
    let origin: Origin | undefined
    let own = departures.found(id) ?? estates.found(id)
    try {
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        if (!isDataFrame(kindOf(frame))) {
          const message = readControlFrame(frame)
          if (message.kind === 'ORIGIN') origin = message
          if (message.kind === 'ESTATE') estates.complete(message.keeperId, message.term, true)
        } else if (origin?.of === 'self') {
          own ??= merged.contributor(id, origin.slot)
          own.apply(frame)
        } else if (origin !== undefined) estates.apply(origin, frame)
      }
    } catch (error) {
      warnOnce('TALLYSCOPE_GROUP', 'left rows', `the last rows of a process that has ended cannot be read: ${errorText(error)}`)
    }
    if (own !== undefined) departures.depart(own, 'exit')
  }
}

function originOf(bytes: Uint8Array): Origin | undefined {
  try {
    const reader = new FrameReader()
    reader.push(bytes)
    const message = readControlFrame(reader.next() ?? new Uint8Array())
    return message.kind === 'ORIGIN' ? message : undefined
  } catch {
    return undefined // it is reported when it is read as a whole
  }
}
