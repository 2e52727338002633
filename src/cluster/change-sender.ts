import { threadId } from 'node:worker_threads'
import { componentName } from '../base/strings/inspect-value.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import type { ChangeReader } from './frames/contributor.js'
import type { GroupData } from './group-data.js'
import { drained, type KeeperConnection } from './keeper-connection.js'
import { MemberProducer } from './member-producer.js'
import { controlFrame, type ControlMessages } from './net/control-frames.js'
import { SendPace } from './net/send-pace.js'

type Request = ControlMessages['REQUEST_CHANGES']

/** Used if the keeper has not requested the changes. Its number is 0. */
const UNREQUESTED: Request = { number: 0, waitMs: 10_000 }
/** Used if the application has requested them, and waits for them. */
const FLUSH: Request = { number: 0, waitMs: 1_000 }

/** Sends changed rows of this member to the keeper. Only one run at a time reads and sends. */
export class ChangeSender {
  readonly #data: GroupData
  readonly #producers: MemberProducer[] = []
  readonly #added = new Set<MetricProducer>()
  readonly #reader: ChangeReader
  /** The connection to a keeper that has accepted this member; undefined while there is none. */
  readonly #connection: () => KeeperConnection | undefined
  readonly #memberCount: () => number
  #sending: Promise<void> | undefined
  #isDue = false
  /** True if the next run must send all rows. */
  #isRestartDue = false
  #request: Request | undefined
  /** True if the next run must read snapshots too. */
  #isFlush = false
  readonly #pace = new SendPace()
  /** True if rows were sent after the last END, which the keeper confirms. */
  #isUnconfirmed = false

  constructor(
    data: GroupData,
    producers: readonly MetricProducer[],
    connection: () => KeeperConnection | undefined,
    memberCount: () => number,
  ) {
    this.#data = data
    this.#connection = connection
    this.#memberCount = memberCount
    for (const producer of producers) this.add(producer)
    this.#reader = data.changes(this.#producers)
  }

  /** Delay until the next call of {@link sendRecorded}, in milliseconds. */
  get delayMs(): number {
    return this.#pace.delayMs
  }

  get isSending(): boolean {
    return this.#sending !== undefined
  }

  add(producer: MetricProducer): void {
    if (this.#added.has(producer)) return
    this.#added.add(producer)
    this.#producers.push(new MemberProducer(producer, componentName(producer, 'producer'), this.#data.clock, threadId !== 0))
  }

  /** The next run begins with RESTART and sends all rows. */
  restart(): void {
    this.#isRestartDue = true
  }

  /** Sends the changes that the keeper has requested. */
  reply(request: Request): void {
    this.#request = request
    void this.send()
  }

  /** Sends all changes like {@link send}, also those of snapshots. */
  flush(): Promise<void> {
    this.#isFlush = true
    return this.send()
  }

  dropRequest(): void {
    this.#request = undefined
  }

  /** Sends all changes up to this call, after a run in progress. Resolves when they have been passed to the channel. */
  async send(): Promise<void> {
    if (this.#connection() !== undefined) {
      this.#isDue = true
      this.#sending ??= this.#sendWhileDue()
    }
    await this.#sending
  }

  /** Sends recorded values, unless a run is in progress. Derived instruments are read only by {@link send}. */
  sendRecorded(): void {
    const connection = this.#connection()
    if (connection === undefined || this.#isRestartDue) return
    this.#sending ??= this.#sendChanges(connection, UNREQUESTED, true).then(() => this.#sendWhileDue())
  }

  /** Sends all changes without waiting, at the end of the process. */
  sendSync({ channel }: KeeperConnection): void {
    this.#restartIfDue()
    for (const frame of this.#reader.framesNow()) channel.send(frame)
  }

  /** All rows of this member as frames. */
  allFrames(): Iterable<Uint8Array> {
    return this.#data.changes(this.#producers).framesNow()
  }

  async #sendWhileDue(): Promise<void> {
    for (let connection = this.#connection(); this.#isDue && connection !== undefined; connection = this.#connection()) {
      this.#isDue = false
      const request = this.#request ?? (this.#isFlush ? FLUSH : UNREQUESTED)
      this.#request = undefined
      this.#isFlush = false
      await this.#sendChanges(connection, request)
    }
    this.#sending = undefined
  }

  async #sendChanges(connection: KeeperConnection, request: Request, onlyRecorded = false): Promise<void> {
    const { channel } = connection
    const { number, waitMs } = request
    const isRequested = number !== UNREQUESTED.number
    this.#restartIfDue()
    for (const producer of this.#producers) producer.isPeriodic = request === UNREQUESTED
    let bytes = 0
    const send = (frame: Uint8Array): boolean | Promise<boolean> => {
      if (connection.isOver) return false
      channel.send(frame)
      bytes += frame.length
      return !channel.isBusy || drained(connection).then(() => true)
    }
    await this.#reader.sendTo(send, { timeoutMs: waitMs, onlyRecorded })
    this.#pace.sent(bytes, this.#reader.rowCount, this.#memberCount())
    this.#isUnconfirmed ||= bytes > 0
    if (connection.isOver || onlyRecorded || (!isRequested && !this.#isUnconfirmed)) return
    this.#isUnconfirmed = false
    channel.send(controlFrame('END', { number }))
    if (!isRequested) connection.watchdog.expectFrame()
  }

  #restartIfDue(): void {
    if (!this.#isRestartDue) return
    this.#isRestartDue = false
    this.#reader.restart()
  }
}
