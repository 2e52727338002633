import type { Clock } from '../base/clock.js'
import { warnOnce } from '../base/logger.js'
import { errorText } from '../base/rate-limited-log.js'
import { startTimer } from '../base/timer.js'
import type { Family } from '../metrics/data/row-source.js'
import { FrameError } from './frames/frame-error.js'
import { isDataFrame, kindOf } from './frames/frame-writer.js'
import { Admission } from './admission.js'
import { ChangeRequests } from './change-requests.js'
import { Departures } from './departures.js'
import { ReplicaImport } from './replica-import.js'
import type { KeeperOptions, MergedData } from './group-data.js'
import { incomplete } from './group-error.js'
import { countFrameBytes, countFullQueue, countRefused, forgetMembers, reportMembers } from './group-metrics.js'
import { StandbyReplication } from './standby-replication.js'
import { FinalRows } from './final-rows.js'
import { MergedFeed } from './merged-feed.js'
import { departedReplica, keeperOrigin } from './keeper-replica.js'
import type { Channel } from './net/channel.js'
import { type ControlMessage, controlFrame, type ControlMessages, readControlFrame } from './net/control-frames.js'
import { isProcessGone } from './net/process-gone.js'
import { newId } from './net/new-id.js'
import { FrameQueue } from './net/frame-queue.js'
import { RejoiningMembers } from './rejoining-members.js'
import { type MemberRecord, newRecord, Roster, RosterFeed, type Session } from './roster.js'

const HELLO_TIMEOUT_MS = 2_000

/** The role of the member to which all others send their rows. It accepts members, requests their changes and merges their rows. */
export class Keeper {
  readonly id: string
  readonly term: string = newId()
  readonly roster: Roster = new Roster()
  readonly departures: Departures
  hasHadOthers: boolean
  readonly #options: KeeperOptions
  readonly #clock: Clock
  readonly #merged: MergedData
  readonly #frameQueue: FrameQueue
  readonly #requests: ChangeRequests
  readonly #replicas: ReplicaImport
  readonly #replication: StandbyReplication
  readonly #feed: MergedFeed
  readonly #sessions = new Set<Session>()
  readonly #admission: Admission
  readonly #rejoining: RejoiningMembers
  readonly #finalRows: FinalRows
  #isClosed = false
  readonly #rosterFeed: RosterFeed

  constructor(options: KeeperOptions) {
    const { id, data } = options
    this.id = id
    this.#options = options
    this.#clock = data.clock
    this.#merged = data.merged()
    this.#frameQueue = new FrameQueue(data.limits.queueBytes, countFullQueue)
    this.hasHadOthers = options.isSuccessor || options.isUnsure
    const expected = [...options.expected, { id, pid: process.pid }]
    this.#rejoining = new RejoiningMembers({ ...options, expected }, this.#clock, () => this.#finalRows.ids)
    this.#replication = new StandbyReplication(id, this.term, this.roster, data, this.#merged, options.restartOwnRows)
    this.#rosterFeed = new RosterFeed(this.roster, this.#clock, () => void this.#replication.replicate())
    const importFinalRows = (): void => this.#finalRows.import()
    this.departures = new Departures(this.#clock, (member) => this.#replication.memberDeparted(member), importFinalRows)
    this.#admission = new Admission(options.maxMembers, this.roster, this.departures, this.#clock)
    this.#requests = new ChangeRequests(this.roster, this.#clock)
    this.#replicas = new ReplicaImport(this.#merged, this.departures, (member) => this.roster.get(member) !== undefined)
    this.#feed = new MergedFeed(id, this.term, data, this.#merged)
    this.#finalRows = new FinalRows({
      ...{ clock: this.#clock, limits: data.limits, folder: options.folder },
      ...{ merged: this.#merged, departures: this.departures, replicas: this.#replicas },
      isConnected: (member) => this.roster.get(member) !== undefined,
      isContinued: () => this.#rejoining.isContinued,
    })
  }

  /** True if another process or thread is a member, or is expected to rejoin. */
  get hasOthers(): boolean {
    return this.roster.size > (this.roster.get(this.id) === undefined ? 0 : 1) || !this.#rejoining.isComplete
  }

  families(): readonly Family[] {
    return this.#merged.families()
  }

  /** Accepts a connection, and closes it unless HELLO arrives within two seconds. */
  accept(channel: Channel): void {
    if (!this.#admission.hasRoom(this.#sessions.size)) {
      countRefused('connections')
      return channel.destroy()
    }
    const session: Session = {
      channel,
      record: undefined,
      origin: keeperOrigin('self', this.id, this.term),
      receivedBytes: 0,
      isOver: false,
      stopTimer: startTimer(this.#clock, HELLO_TIMEOUT_MS, () => {
        countRefused('silent')
        channel.destroy()
      }),
    }
    this.#sessions.add(session)
    this.#frameQueue.attach(channel, (frame) => {
      if (frame === undefined) this.#ended(session)
      else if (!session.isOver) this.#apply(session, frame)
    })
  }

  /**
   * Requests changes from all live members, and waits at most `waitMs`. Concurrent gatherings share one request.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE` if totals would be too low.
   */
  async gather(waitMs: number): Promise<void> {
    this.#checkCurrent()
    await this.#rejoining.untilComplete(waitMs)
    this.#settle()
    const endsMs = this.#clock.monotonicMs() + waitMs
    const request = (): Promise<void> => this.#requests.request(Math.max(0, endsMs - this.#clock.monotonicMs()))
    this.#replication.chooseStandby() // so that it receives the rows of this process during the request
    await request()
    await this.#replication.untilComplete(request)
    this.#checkCurrent()
  }

  /** Applies all frames that have arrived, without waiting. */
  receiveSync(): void {
    this.#frameQueue.flushSync()
  }

  /** Hides stale gauges, imports files of final rows, and sends changes to the standby. Call it every few seconds. */
  tick(): void {
    this.#requests.hideStaleGauges()
    this.#settle()
    void this.#replication.replicate()
  }

  /** Sends everything to the standby, and LEAVE to all members, without waiting, when the process ends. */
  flushSync(): void {
    this.#frameQueue.flushSync()
    this.#finalRows.import() // so that the standby receives them
    for (const record of this.roster.all()) if (record.pid === process.pid) this.departures.depart(record.contributor, 'exit')
    this.#replication.flushSync()
    this.#rosterFeed.send()
    for (const { channel, record } of this.#sessions) if (record?.isKeeper === false) channel.send(controlFrame('LEAVE', {}))
  }

  /** Returns the totals of departed members as frames for a file. Call it once, after the members of this process have departed. */
  finalFrames(): Iterable<Uint8Array> {
    this.#frameQueue.flushSync()
    this.#finalRows.importLast()
    return departedReplica(this.id, this.term, this.departedFrames(), this.#replicas.terms)
  }

  /** Returns the totals of departed members as frames. */
  *departedFrames(): Generator<Uint8Array> {
    const families = this.#merged.departed()
    yield* this.#options.data.changes([{ name: 'departed', getMetrics: () => [], getFamilies: () => families }]).framesNow()
  }

  /** Ends all connections after everything has been sent. No member departs, because all join the next keeper. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#frameQueue.flushSync()
    await this.#replication.replicate()
    this.#isClosed = true
    forgetMembers(this)
    for (const part of [this.departures, this.#rejoining, this.#rosterFeed]) part.stop()
    this.#rosterFeed.send()
    for (const session of this.#sessions) {
      session.isOver = true
      session.stopTimer()
      session.channel.send(controlFrame('LEAVE', {}))
      session.channel.end()
    }
  }

  #settle(): void {
    reportMembers(this, this.roster.all(), this.#merged.rowCount, this.#clock.monotonicMs())
    if (!this.#rejoining.isComplete) return
    this.#finalRows.import()
    this.#merged.settle()
  }

  #checkCurrent(): void {
    if (this.#isClosed || !this.#options.isCurrent()) throw incomplete('another process has become its keeper')
  }

  #apply(session: Session, frame: Uint8Array): void {
    session.receivedBytes += frame.length
    try {
      if (!isDataFrame(kindOf(frame))) return this.#control(session, readControlFrame(frame))
      const { record, origin } = session
      if (record === undefined) throw new FrameError('ERR_GROUP_FRAME', 'rows came before HELLO')
      if (this.roster.get(record.id) !== record) return // the member has a newer connection
      if (origin.of !== 'self') return this.#replicas.apply(origin, frame)
      record.contributor.apply(frame)
      this.#replication.forward(record, frame)
    } catch (error) {
      if (!FrameError.is(error)) warnOnce('TALLYSCOPE_GROUP', 'frame', `a frame of a member could not be applied: ${errorText(error)}`)
      const reason = this.#refuse(session, error)
      session.channel.send(controlFrame('REFUSED', { reason, message: errorText(error).slice(0, 500), isFinal: false }))
      session.channel.destroy()
    }
  }

  #control(session: Session, message: ControlMessage): void {
    const { record } = session
    if (message.kind === 'HELLO') return this.#hello(session, message)
    if (record === undefined) throw new FrameError('ERR_GROUP_FRAME', `${message.kind} came before HELLO`)
    switch (message.kind) {
      case 'END':
        return this.#end(session, record, message.number)
      case 'LEAVE':
        session.isOver = true
        session.channel.end()
        if (!this.#leave(session, record)) return
        this.#finalRows.drop(record.id)
        return this.departures.depart(record.contributor, 'exit')
      case 'ORIGIN':
        if (message.term !== session.origin.term) this.#finalRows.import() // A keeper's file is newer than its replica, which follows.
        session.origin = message
        return
      case 'REPLICA':
        this.#replicas.complete(message.keeperId, message.term, message.isOver)
        return this.#finalRows.drop(message.term)
      case 'REQUEST_MERGED':
        return void this.#feed.send(session.channel, message, (waitMs) => this.gather(waitMs))
      default:
        throw new FrameError('ERR_GROUP_FRAME', `a member does not send ${message.kind}`)
    }
  }

  #hello(session: Session, hello: ControlMessages['HELLO']): void {
    session.stopTimer()
    if (session.record !== undefined) throw new FrameError('ERR_GROUP_FRAME', 'HELLO came twice')
    const { id } = hello
    const known = this.roster.get(id)
    const refusal = this.#admission.refusal(hello)
    if (refusal !== undefined) {
      session.isOver = true
      countRefused(refusal.reason)
      session.channel.send(controlFrame('REFUSED', refusal))
      return session.channel.end()
    }
    if (known !== undefined) {
      this.roster.remove(known) // its old connection is about to end
      known.channel.destroy()
    }
    // A member that rejoins replaces its former rows, so that it does not count twice.
    const former = known?.contributor ?? this.departures.reclaim(id) ?? this.#replicas.reclaim(id)
    this.hasHadOthers ||= id !== this.id
    const slot = former?.slot ?? this.roster.freeSlot(hello.slot, this.#options.maxMembers, this.departures.slots())
    const contributor = former ?? this.#merged.contributor(id, slot)
    session.record = newRecord(hello, { slot, contributor, channel: session.channel, isKeeper: id === this.id }, this.#clock.monotonicMs())
    this.roster.add(session.record)
    const absent = hello.roster.filter((member) => this.roster.get(member.id) === undefined)
    if (hello.isRejoining) this.#rejoining.addExpected([hello, ...absent], hello.roster.length > 0)
    session.channel.send(controlFrame('WELCOME', { keeperId: this.id, term: this.term, slot }))
    this.#rosterFeed.changed()
  }

  #end(session: Session, record: MemberRecord, number: number): void {
    this.#rejoining.rejoined(record.id)
    this.#requests.replied(record, number)
    if (number === 0 && !record.isKeeper && !session.channel.isBusy) session.channel.send(controlFrame('ALIVE', {}))
  }

  /** Counts a refused connection and bans its member for a minute. Returns the reason. */
  #refuse(session: Session, error: unknown): string {
    const reason = FrameError.is(error) && error.code === 'ERR_GROUP_LIMIT' ? 'limit' : 'malformed'
    session.isOver = true
    countRefused(reason)
    if (session.record !== undefined) this.#admission.ban(session.record.id)
    return reason
  }

  #ended(session: Session): void {
    const { channel, record } = session
    session.stopTimer()
    this.#sessions.delete(session)
    this.#feed.forget(channel)
    countFrameBytes(channel.sentBytes, record?.isKeeper === true ? 0 : session.receivedBytes)
    if (channel.fault !== undefined && !session.isOver) this.#refuse(session, channel.fault)
    if (record === undefined || this.#isClosed) return
    // A thread that has closed its socket has ended, even if its process still runs.
    const isGone = (): boolean => channel.isPeerGone || record.threadId !== 0 || isProcessGone(record.pid)
    const refusedMs = this.#admission.refusedMs(record.id)
    if (this.#leave(session, record) && !record.isKeeper) this.departures.disconnected(record.contributor, isGone, { refusedMs })
  }

  #leave(session: Session, record: MemberRecord): boolean {
    const wasThere = this.roster.remove(record)
    this.#requests.removeMember(record)
    this.#replication.removeMember(record)
    session.record = undefined
    if (wasThere) this.#rosterFeed.changed()
    return wasThere
  }
}
