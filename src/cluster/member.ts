import { threadId } from 'node:worker_threads'
import type { Clock } from '../base/clock.js'
import { withTimeout } from '../base/with-timeout.js'
import { TallyscopeError } from '../base/errors.js'
import { componentName } from '../base/inspect-value.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'
import type { ChangeReader } from './data/contributor.js'
import { isDataFrame, kindOf } from './data/frame-writer.js'
import { Estate, keeperOrigin } from './keeper-replica.js'
import type { GroupData } from './group-data.js'
import { incomplete } from './group-error.js'
import { MergedCopy } from './merged-copy.js'
import type { Channel } from './net/channel.js'
import { type Ending, helloFrame, type KeeperConnection, newConnection } from './keeper-connection.js'
import { type ControlMessage, controlFrame, type ControlMessages, readControlFrame } from './net/control-frames.js'
import type { KnownMember, RosterEntry } from './net/control-frames.js'
import { FrameQueue } from './net/frame-queue.js'
import { TickedProducer } from './member-producer.js'

/** A keeper that does not react for so long hangs. */
const HUNG_MS = 10_000
const TICK_WAIT_MS = 10_000

/** This process as a member of its group: sends what has changed to the keeper, and gets merged rows from it. */
export class Member {
  readonly id: string
  readonly canLead: boolean
  /** Called each time a keeper has taken this member. */
  onWelcome: () => void = () => {}
  readonly #data: GroupData
  readonly #clock: Clock
  readonly #producers: TickedProducer[] = []
  readonly #added = new Set<MetricProducer>()
  readonly #reader: ChangeReader
  readonly #frameQueue = new FrameQueue()
  #connection: KeeperConnection | undefined
  #sending: Promise<void> | undefined
  #isDue = false
  /** Everything is to be sent again, once nothing is being sent. */
  #isRestartDue = false
  #asked: { readonly number: number; readonly waitMs: number } | undefined
  #roster: readonly RosterEntry[] = []
  #slot = -1
  #isReturning = false
  #estate: Estate | undefined
  readonly #copy: MergedCopy
  #refusal: string | undefined

  constructor(id: string, data: GroupData, producers: readonly MetricProducer[], canLead: boolean) {
    this.id = id
    this.canLead = canLead
    this.#data = data
    this.#clock = data.clock
    this.#copy = new MergedCopy(id, data)
    for (const producer of producers) this.add(producer)
    this.#reader = data.changes(this.#producers)
  }

  add(producer: MetricProducer): void {
    if (this.#added.has(producer)) return
    this.#added.add(producer)
    this.#producers.push(new TickedProducer(producer, componentName(producer, 'producer'), threadId !== 0))
  }

  /** The members by the last message of the keeper; those that a new keeper has to wait for. */
  get roster(): readonly RosterEntry[] {
    return this.#roster
  }

  get isConnected(): boolean {
    return this.#connection?.keeperId !== undefined
  }

  /** True if this member has what only the keeper had: it takes over first. */
  get isHeir(): boolean {
    return this.#estate !== undefined
  }

  /** The others that were there, without the keeper. */
  get others(): KnownMember[] {
    return this.#roster.filter(({ id, isKeeper }) => !isKeeper && id !== this.id).map(({ id, pid }) => ({ id, pid }))
  }

  /** Joins over this channel. Resolves when the connection has ended. */
  join(channel: Channel): Promise<Ending> {
    return new Promise((resolve) => {
      const connection = newConnection(channel, resolve, this.#clock.monotonicMs())
      this.#connection = connection
      this.#frameQueue.attach(channel, (frame) => this.#apply(connection, frame))
      this.#isRestartDue = true
      channel.send(
        helloFrame({ id: this.id, canLead: this.canLead, slot: this.#slot, isReturning: this.#isReturning, roster: this.others }),
      )
    })
  }

  /** Sends everything again, since somebody else listens too from now on. */
  restart(): void {
    this.#isRestartDue = true
    this.#sendSoon()
  }

  /** Sends what has changed unasked, and looks whether the keeper is alive. */
  tick(): void {
    const connection = this.#connection
    if (connection === undefined) return
    const nowMs = this.#clock.monotonicMs()
    if (connection.owesSinceMs !== undefined && nowMs - connection.owesSinceMs >= HUNG_MS) return this.#end(connection, 'hung')
    this.#copy.dropIfIdle()
    if (connection.keeperId === undefined || connection.channel.isBusy || this.#sending !== undefined) return
    this.#sendSoon()
  }

  /**
   * The merged rows, which this member keeps a copy of.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE`
   */
  merged(waitMs: number, timeoutMs: number): Promise<readonly Family[]> {
    return this.#copy.families(waitMs, timeoutMs, () => {
      const connection = this.#connection
      if (connection?.keeperId === undefined) throw incomplete(this.#refusal ?? 'there is no keeper at the moment')
      return connection.channel
    })
  }

  /** Keeps the account of a keeper that this process was, for the next one. */
  keepAccount(keeperId: string, term: string, frames: Iterable<Uint8Array>): void {
    this.#estate = new Estate(keeperId, term, this.#data)
    this.#estate.isOver = true
    const origin = keeperOrigin('departed', keeperId, term)
    for (const frame of frames) this.#estate.apply(origin, frame)
  }

  /** Sends what has changed. Resolves when it has been handed over. */
  async flush(): Promise<void> {
    this.#sendSoon()
    await this.#sending
  }

  /** Everything of this member as frames, and what it keeps of a keeper before, for a file. */
  *lastFrames(): Generator<Uint8Array> {
    yield controlFrame('ORIGIN', { ...keeperOrigin('self', this.id, this.id), slot: Math.max(0, this.#slot) })
    yield* this.#data.changes(this.#producers).framesNow()
    if (this.#estate !== undefined) yield* this.#estate.frames()
  }

  /** The last words of this member, without waiting. */
  flushSync(): void {
    const connection = this.#connection
    if (connection?.keeperId === undefined) return
    this.#restartIfDue()
    for (const frame of this.#reader.framesNow()) connection.channel.send(frame)
    connection.channel.send(controlFrame('BYE', {}))
  }

  /** Sends what has changed and says goodbye. */
  async leave(timeoutMs: number): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) return
    if (connection.keeperId !== undefined) {
      await withTimeout(this.flush(), { timeoutMs, clock: this.#clock })
      connection.channel.send(controlFrame('BYE', {}))
    }
    connection.channel.end()
  }

  /** Ends the connection, so that another keeper is looked for. */
  disconnect(): void {
    if (this.#connection !== undefined) this.#end(this.#connection, 'closed')
  }

  #apply(connection: KeeperConnection, frame: Uint8Array | undefined): void {
    if (frame === undefined && connection.isOver) return this.#keeperIsOver(connection) // it hung, and now its process has ended
    if (frame === undefined) return this.#end(connection, 'closed')
    if (connection.isOver) return
    connection.owesSinceMs = undefined
    this.#copy.progress()
    try {
      if (isDataFrame(kindOf(frame))) this.#rows(connection, frame)
      else this.#control(connection, readControlFrame(frame))
    } catch (error) {
      if (!TallyscopeError.is(error)) throw error
      connection.channel.destroy() // what the keeper sends cannot be read: join again
    }
  }

  #rows({ origin }: KeeperConnection, frame: Uint8Array): void {
    if (origin?.of === 'merged') this.#copy.apply(frame)
    else if (origin?.of === 'keeper' || origin?.of === 'departed') {
      if (this.#estate?.term !== origin.term) this.#estate = new Estate(origin.keeperId, origin.term, this.#data)
      this.#estate.apply(origin, frame)
    }
  }

  #control(connection: KeeperConnection, message: ControlMessage): void {
    switch (message.kind) {
      case 'WELCOME':
        return this.#welcome(connection, message)
      case 'REFUSED':
        this.#refusal = message.message
        return this.#end(connection, message.isFinal ? 'refused for good' : 'refused')
      case 'ASK':
        this.#asked = message
        return this.#sendSoon()
      case 'ROSTER':
        this.#roster = message.members
        return
      case 'ORIGIN':
        connection.origin = message
        return
      case 'FOLDED':
        if (this.#estate?.term === message.term) this.#estate.folded(message.id)
        return
      case 'AGAIN':
        return this.restart()
      case 'END':
        return this.#copy.settle(message.number)
      case 'FAILED':
        return this.#copy.settle(message.number, new TallyscopeError(message.code, message.message))
      case 'BYE':
        return this.#end(connection, 'closed')
      default:
    }
  }

  #welcome(connection: KeeperConnection, { keeperId, term, slot }: ControlMessages['WELCOME']): void {
    connection.keeperId = keeperId
    connection.term = term
    this.#isReturning = true
    this.onWelcome()
    this.#slot = slot
    this.#refusal = undefined
    const estate = this.#estate
    if (estate?.term === term)
      this.#estate = undefined // that keeper is still there, and sends it again to its heir
    else if (estate !== undefined) {
      this.#estate = undefined
      for (const frame of estate.frames()) connection.channel.send(frame)
    }
    this.#sendSoon()
  }

  /** Sends what has changed, after what is being sent. */
  #sendSoon(): void {
    if (this.#connection?.keeperId === undefined) return
    this.#isDue = true
    this.#sending ??= this.#sendWhileDue()
  }

  async #sendWhileDue(): Promise<void> {
    while (this.#isDue && this.#connection !== undefined) {
      this.#isDue = false
      const { number, waitMs } = this.#asked ?? { number: 0, waitMs: TICK_WAIT_MS }
      this.#asked = undefined
      await this.#sendChanges(this.#connection, number, waitMs)
    }
    this.#sending = undefined
  }

  async #sendChanges(connection: KeeperConnection, number: number, waitMs: number): Promise<void> {
    const { channel } = connection
    this.#restartIfDue()
    for (const producer of this.#producers) producer.isTick = number === 0
    let count = 0
    for await (const frame of this.#reader.frames({ timeoutMs: waitMs })) {
      if (connection.isOver) return
      channel.send(frame)
      count++
      if (channel.isBusy) await channel.drained()
    }
    if (connection.isOver || (number === 0 && count === 0)) return
    channel.send(controlFrame('END', { number }))
    if (number === 0) connection.owesSinceMs ??= this.#clock.monotonicMs()
  }

  #restartIfDue(): void {
    if (!this.#isRestartDue) return
    this.#isRestartDue = false
    this.#reader.restart()
  }

  #end(connection: KeeperConnection, ending: Ending): void {
    if (connection.isOver) return
    connection.isOver = true
    if (this.#connection === connection) this.#connection = undefined
    this.#asked = undefined
    if (ending === 'closed') this.#keeperIsOver(connection)
    this.#copy.drop(incomplete('its keeper has ended'))
    if (ending !== 'hung') connection.channel.destroy()
    connection.resolve(ending)
  }

  /** A keeper will not come back: what was kept of it may be added to the account. */
  #keeperIsOver({ keeperId, term }: KeeperConnection): void {
    if (keeperId === undefined) return
    if (this.#estate?.term === term) this.#estate.isOver = true
    else if (this.isConnected) this.#connection!.channel.send(controlFrame('ESTATE', { keeperId, term, isOver: true }))
  }
}
