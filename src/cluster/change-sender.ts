import { threadId } from 'node:worker_threads'
import { componentName } from '../base/inspect-value.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import type { ChangeReader } from './data/contributor.js'
import type { GroupData } from './group-data.js'
import { type KeeperConnection, takenBy } from './keeper-connection.js'
import { MemberProducer } from './member-producer.js'
import { controlFrame, type ControlMessages } from './net/control-frames.js'
import { SendPace } from './net/send-pace.js'

type Request = ControlMessages['REQUEST_CHANGES']

/** Changes that the keeper has not requested. */
const UNREQUESTED: Request = { number: 0, waitMs: 10_000 }

/** Sends the keeper the rows of this member that have changed, one sending at a time. */
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
  /** Everything is to be sent again, once nothing is being sent. */
  #isRestartDue = false
  #request: Request | undefined
  readonly #pace = new SendPace()
  /** Something was sent that the keeper has not been asked to confirm. */
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

  /** After how long to send what was recorded, in milliseconds. */
  get delayMs(): number {
    return this.#pace.delayMs
  }

  get isSending(): boolean {
    return this.#sending !== undefined
  }

  add(producer: MetricProducer): void {
    if (this.#added.has(producer)) return
    this.#added.add(producer)
    this.#producers.push(new MemberProducer(producer, componentName(producer, 'producer'), threadId !== 0))
  }

  /** The next sending begins with RESTART and has all rows. */
  restart(): void {
    this.#isRestartDue = true
  }

  /** Answers the keeper's request. */
  answer(request: Request): void {
    this.#request = request
    void this.send()
  }

  dropRequest(): void {
    this.#request = undefined
  }

  /** Sends what has changed, after what is being sent. Resolves when it has been passed to the channel. */
  async send(): Promise<void> {
    if (this.#connection() !== undefined) {
      this.#isDue = true
      this.#sending ??= this.#sendWhileDue()
    }
    await this.#sending
  }

  /** Sends what was recorded, unless something is being sent: what functions of derived instruments return waits for {@link send}. */
  sendRecorded(): void {
    const connection = this.#connection()
    if (connection === undefined || this.#isRestartDue) return
    this.#sending ??= this.#sendChanges(connection, UNREQUESTED, true).then(() => this.#sendWhileDue())
  }

  /** Sends what has changed, without waiting. */
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
      const request = this.#request ?? UNREQUESTED
      this.#request = undefined
      await this.#sendChanges(connection, request)
    }
    this.#sending = undefined
  }

  async #sendChanges(connection: KeeperConnection, { number, waitMs }: Request, onlyRecorded = false): Promise<void> {
    const { channel } = connection
    const isRequested = number !== UNREQUESTED.number
    this.#restartIfDue()
    for (const producer of this.#producers) producer.isPeriodic = !isRequested
    let bytes = 0
    for await (const frame of this.#reader.frames({ timeoutMs: waitMs, onlyRecorded })) {
      if (connection.isOver) return
      channel.send(frame)
      bytes += frame.length
      if (channel.isBusy) await takenBy(connection)
    }
    this.#pace.sent(bytes, this.#reader.rowCount, this.#memberCount())
    this.#isUnconfirmed ||= bytes > 0
    if (connection.isOver || onlyRecorded || (!isRequested && !this.#isUnconfirmed)) return
    this.#isUnconfirmed = false
    channel.send(controlFrame('END', { number }))
    if (!isRequested) connection.signs.owed()
  }

  #restartIfDue(): void {
    if (!this.#isRestartDue) return
    this.#isRestartDue = false
    this.#reader.restart()
  }
}
