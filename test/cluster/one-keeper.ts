import type { Clock } from '../../src/base/clock.js'
import type { GroupData, KeeperOptions } from '../../src/cluster/group-data.js'
import { Keeper } from '../../src/cluster/keeper.js'
import type { Channel } from '../../src/cluster/net/channel.js'
import {
  type ControlKind,
  type ControlMessage,
  CONTROL,
  controlFrame,
  PROTOCOL,
  readControlFrame,
} from '../../src/cluster/net/control-frames.js'
import { newId } from '../../src/cluster/net/new-id.js'
import { isDataFrame, kindOf } from '../../src/cluster/frames/frame-writer.js'
import { groupData } from '../../src/cluster/engine-data.js'
import { DEFAULT_DATA_LIMITS } from '../../src/cluster/frames/contributor.js'
import { internalMetrics } from '../../src/base/internal-metrics.js'

export const dataWith = (clock: Clock, perMember: string[] = []): GroupData => groupData({ limits: DEFAULT_DATA_LIMITS, perMember, clock })

/** A keeper of its own, without a folder. */
export function keeperWith(data: GroupData, options: Partial<KeeperOptions> = {}): Keeper {
  return new Keeper({
    ...{ id: newId(), data, maxMembers: 8, folder: undefined, isCurrent: () => true, restartOwnRows: () => {} },
    ...{ expected: [], isSuccessor: false, isUnsure: false },
    ...options,
  })
}

/** One end of a channel whose other end is the test. */
export class HeldChannel implements Channel {
  onFrame: (frame: Uint8Array | undefined) => void = () => {}
  isBusy = false
  readonly isPeerGone = false
  fault: undefined
  readonly sentBytes = 0
  readonly sent: Uint8Array[] = []
  isEnded = false
  readonly #drained: (() => void)[] = []

  send(frame: Uint8Array): void {
    if (!this.isEnded) this.sent.push(frame)
  }

  drained(): Promise<void> {
    return this.isBusy ? new Promise((resolve) => void this.#drained.push(resolve)) : Promise.resolve()
  }

  /** The other side takes what was sent. */
  take(): void {
    this.isBusy = false
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  pause(): void {}
  resume(): void {}

  end(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.isEnded) return
    this.isEnded = true
    this.onFrame(undefined)
  }

  /** The frames of the connection that were sent, of one kind. */
  said<K extends ControlKind>(kind: K): Extract<ControlMessage, { kind: K }>[] {
    const frames = this.sent.filter((frame) => kindOf(frame) === CONTROL[kind])
    return frames.map((frame) => readControlFrame(frame) as Extract<ControlMessage, { kind: K }>)
  }

  get dataKinds(): number[] {
    return this.sent.map(kindOf).filter(isDataFrame)
  }
}

export function hello(id: string = newId(), change: object = {}): Uint8Array {
  const member = { id, pid: process.pid, threadId: 0, slot: -1, canLead: true, isRejoining: false, roster: [] }
  return controlFrame('HELLO', { protocol: PROTOCOL, ...member, ...change })
}

/** Lets everything come to rest that needs turns of the event loop alone. */
export async function turns(count = 20): Promise<void> {
  for (let at = 0; at < count; at++) await new Promise((resolve) => void setImmediate(resolve))
}

/** What a counter of the library about itself has counted for these labels. */
export function counted(name: string, ...labels: string[]): number {
  return internalMetrics.get(name)?.series.get(JSON.stringify(labels))?.count.value ?? 0
}
