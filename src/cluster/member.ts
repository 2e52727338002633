import type { Clock } from '../base/clock.js'
import { warnOnce } from '../base/logger.js'
import { errorText } from '../base/rate-limited-log.js'
import { TIMED_OUT, withTimeout } from '../base/with-timeout.js'
import { TallyscopeError } from '../base/errors.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'
import { ChangeSender } from './change-sender.js'
import { FrameError } from './frames/frame-error.js'
import { isDataFrame, kindOf } from './frames/frame-writer.js'
import { KeeperReplica, keeperOrigin } from './keeper-replica.js'
import type { GroupData } from './group-data.js'
import { incomplete } from './group-error.js'
import { countFullQueue } from './group-metrics.js'
import { MergedCopy } from './merged-copy.js'
import type { Channel } from './net/channel.js'
import { type Ending, helloFrame, type KeeperConnection, newConnection } from './keeper-connection.js'
import { type ControlMessage, controlFrame, type ControlMessages, readControlFrame } from './net/control-frames.js'
import type { KnownMember, RosterEntry } from './net/control-frames.js'
import { FrameQueue } from './net/frame-queue.js'

/** The membership of this process or thread in its group. Sends changed rows to the keeper, and receives merged rows from it. */
export class Member {
  readonly id: string
  readonly canLead: boolean
  /** Called each time a keeper has accepted this member. */
  onWelcome: () => void = () => {}
  readonly #data: GroupData
  readonly #clock: Clock
  readonly #changes: ChangeSender
  readonly #frameQueue: FrameQueue
  #connection: KeeperConnection | undefined
  #roster: readonly RosterEntry[] = []
  #slot = -1
  #isRejoining = false
  #replica: KeeperReplica | undefined
  readonly #copy: MergedCopy
  #refusal: string | undefined

  constructor(id: string, data: GroupData, producers: readonly MetricProducer[], canLead: boolean) {
    this.id = id
    this.canLead = canLead
    this.#data = data
    this.#clock = data.clock
    this.#frameQueue = new FrameQueue(data.limits.queueBytes, countFullQueue)
    this.#copy = new MergedCopy(id, data)
    this.#changes = new ChangeSender(
      data,
      producers,
      () => (this.isConnected ? this.#connection : undefined),
      () => this.#roster.length,
    )
  }

  add(producer: MetricProducer): void {
    this.#changes.add(producer)
  }

  /** The members according to the last message of the keeper. A new keeper has to wait for them. */
  get roster(): readonly RosterEntry[] {
    return this.#roster
  }

  get isConnected(): boolean {
    return this.#connection?.keeperId !== undefined
  }

  /** True if this member has a replica of its keeper, so that it becomes the next keeper. */
  get isStandby(): boolean {
    return this.#replica !== undefined
  }

  /** The known members except this one and the keeper. */
  get others(): KnownMember[] {
    return this.#members().filter(({ id }) => id !== this.id)
  }

  /** The known members except the keeper. Empty if the keeper has not sent them yet, which it does a moment after a member has joined. */
  #members(): KnownMember[] {
    return this.#roster.filter(({ isKeeper }) => !isKeeper).map(({ id, pid }) => ({ id, pid }))
  }

  /** Joins over this channel. Resolves when the connection has ended. */
  join(channel: Channel): Promise<Ending> {
    const connection = newConnection(channel, this.#clock, (hung) => this.#end(hung, 'hung'))
    this.#connection = connection
    this.#frameQueue.attach(channel, (frame) => this.#apply(connection, frame))
    this.#changes.restart()
    const { id, canLead } = this
    channel.send(helloFrame({ id, canLead, slot: this.#slot, isRejoining: this.#isRejoining, roster: this.#members() }))
    return connection.ended
  }

  /** Applies all frames that have arrived, without waiting. */
  receiveSync(): void {
    this.#frameQueue.flushSync()
  }

  /** Sends all rows again, for a new standby. */
  restart(): void {
    this.#changes.restart()
    void this.#changes.send()
  }

  /** Delay until the next call of {@link sendRecorded}, in milliseconds. */
  get sendDelayMs(): number {
    return this.#changes.delayMs
  }

  /** Sends recorded values, so that few are lost if this process is killed. */
  sendRecorded(): void {
    if (this.#connection?.channel.isBusy === false) this.#changes.sendRecorded()
  }

  /** Sends changes without a request. The keeper confirms them, which shows that it does not hang. Call it every few seconds. */
  tick(): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.#copy.dropIfIdle()
    if (connection.keeperId === undefined || connection.channel.isBusy || this.#changes.isSending) return
    void this.#changes.send()
  }

  /**
   * Returns the merged rows. This member keeps a copy of them, and requests only changes.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE`
   */
  merged(waitMs: number, timeoutMs: number): Promise<readonly Family[]> {
    return this.#copy.families(waitMs, timeoutMs, () => {
      const connection = this.#connection
      if (connection?.keeperId === undefined) throw incomplete(this.#refusal ?? 'there is no keeper at the moment')
      connection.watchdog.expectFrame()
      return connection.channel
    })
  }

  /** Stores the departed totals after this process was the keeper, to send them to the next keeper. */
  keepDepartedTotals(keeperId: string, term: string, frames: Iterable<Uint8Array>): void {
    this.#replica = new KeeperReplica(keeperId, term, this.#data)
    this.#replica.isOver = true
    const origin = keeperOrigin('departed', keeperId, term)
    for (const frame of frames) this.#replica.apply(origin, frame)
  }

  /** Sends all changes. Resolves when they have been passed to the channel. */
  flush(): Promise<void> {
    return this.#changes.flush()
  }

  /** Returns all rows of this member as frames for a file, with its replica of a former keeper, if there is one. */
  *finalFrames(): Generator<Uint8Array> {
    yield controlFrame('ORIGIN', { ...keeperOrigin('self', this.id, this.id), slot: Math.max(0, this.#slot) })
    yield* this.#changes.allFrames()
    if (this.#replica !== undefined) yield* this.#replica.frames()
  }

  /** Sends all changes, then LEAVE, without waiting. */
  flushSync(): void {
    const connection = this.#connection
    if (connection?.keeperId === undefined) return
    this.#changes.sendSync(connection)
    connection.channel.send(controlFrame('LEAVE', {}))
  }

  /** Sends all changes, then LEAVE. */
  async leave(timeoutMs: number): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) return
    if (connection.keeperId !== undefined) {
      const flushed = await withTimeout(this.flush(), { timeoutMs, clock: this.#clock, keepAlive: true })
      if (flushed === TIMED_OUT) this.#changes.sendSync(connection)
      connection.channel.send(controlFrame('LEAVE', {}))
    }
    connection.channel.end()
  }

  /** Ends the connection, so that this member looks for a keeper again. */
  disconnect(ending: 'closed' | 'hung' = 'closed'): void {
    if (this.#connection !== undefined) this.#end(this.#connection, ending)
  }

  #apply(connection: KeeperConnection, frame: Uint8Array | undefined): void {
    if (frame === undefined && connection.isOver) return this.#keeperEnded(connection) // this keeper hung, and its process has ended now
    if (frame === undefined) return this.#end(connection, 'closed')
    if (connection.isOver) return
    connection.watchdog.received()
    this.#copy.progress()
    try {
      if (isDataFrame(kindOf(frame))) this.#rows(connection, frame)
      else this.#control(connection, readControlFrame(frame))
    } catch (error) {
      if (!FrameError.is(error)) warnOnce('TALLYSCOPE_GROUP', 'frame', `a frame of the keeper could not be applied: ${errorText(error)}`)
      connection.channel.destroy() // and join again, because the stream of frames cannot be read any further
    }
  }

  #rows({ origin }: KeeperConnection, frame: Uint8Array): void {
    if (origin?.of === 'merged') this.#copy.apply(frame)
    else if (origin?.of === 'keeper' || origin?.of === 'departed') {
      if (this.#replica?.term !== origin.term) this.#replica = new KeeperReplica(origin.keeperId, origin.term, this.#data)
      this.#replica.apply(origin, frame)
    }
  }

  #control(connection: KeeperConnection, message: ControlMessage): void {
    switch (message.kind) {
      case 'WELCOME':
        return this.#welcome(connection, message)
      case 'REFUSED':
        this.#refusal = message.message
        return this.#end(connection, message.isFinal ? 'refused for good' : 'refused')
      case 'REQUEST_CHANGES':
        return this.#changes.reply(message)
      case 'ROSTER':
        this.#roster = message.members
        return
      case 'ORIGIN':
        connection.origin = message
        return
      case 'DEPARTED':
        if (this.#replica?.term === message.term) this.#replica.memberDeparted(message.id)
        return
      case 'RESEND':
        return this.restart()
      case 'END':
        return this.#copy.settle(message.number)
      case 'FAILED':
        return this.#copy.settle(message.number, new TallyscopeError(message.code, message.message))
      case 'LEAVE':
        return this.#end(connection, 'closed')
      default:
    }
  }

  #welcome(connection: KeeperConnection, { keeperId, term, slot }: ControlMessages['WELCOME']): void {
    connection.keeperId = keeperId
    connection.term = term
    this.#isRejoining = true
    this.onWelcome()
    this.#slot = slot
    this.#refusal = undefined
    const replica = this.#replica
    this.#replica = undefined
    // A keeper that still runs sends everything to its standby again.
    if (replica !== undefined && replica.term !== term) for (const frame of replica.frames()) connection.channel.send(frame)
    void this.#changes.send()
  }

  #end(connection: KeeperConnection, ending: Ending): void {
    if (connection.isOver) return
    connection.isOver = true
    connection.watchdog.received()
    if (this.#connection === connection) this.#connection = undefined
    this.#changes.dropRequest()
    if (ending === 'closed') this.#keeperEnded(connection)
    this.#copy.drop(incomplete('its keeper has ended'))
    if (ending !== 'hung') connection.channel.destroy()
    connection.resolve(ending)
  }

  /** Notes, or reports to the new keeper, that the process of this keeper has ended and its totals can be added to the departed ones. */
  #keeperEnded({ keeperId, term }: KeeperConnection): void {
    if (keeperId === undefined) return
    if (this.#replica?.term === term) this.#replica.isOver = true
    else if (this.isConnected) this.#connection!.channel.send(controlFrame('REPLICA', { keeperId, term, isOver: true }))
  }
}
