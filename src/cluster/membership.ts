import type { Server } from 'node:net'
import type { Family } from '../metrics/data/row-source.js'
import { RateLimitedLog } from '../base/rate-limited-log.js'
import { pause, startTimer } from '../base/timer.js'
import type { GroupData } from './group-data.js'
import { hasLeft, incomplete } from './group-error.js'
import { countKeeperChange } from './group-metrics.js'
import { Keeper } from './keeper.js'
import type { Member } from './member.js'
import type { GroupFolder } from './net/group-folder.js'
import { memoryChannels } from './net/memory-channel.js'
import { removeAbandonedGroups } from './net/abandoned-groups.js'
import { abandon, meet, type Meeting } from './net/rendezvous.js'
import { SocketChannel } from './net/socket-channel.js'

const TICK_MS = 5_000
const TICK_SPREAD = 0.1
/** The standby binds at once, other members later, and a new process last, because it does not know the group. */
const MEMBER_PATIENCE_MS = 50
const NEW_PATIENCE_MS = 250
const LEAVE_TIMEOUT_MS = 1_000
const REFUSED_PAUSE_MS = 5_000
const FAILED_PAUSE_MS = 1_000
/** After so many connections that end this soon, the socket is tried only once a second: it may not be that of a keeper. */
const [SHORT_STAY_MS, MAX_SHORT_STAYS] = [500, 5]

interface MembershipOptions {
  readonly member: Member
  readonly data: GroupData
  /** Undefined for a process without other members. */
  readonly folder: GroupFolder | undefined
  /** In a worker thread: resolves to the folder of the group of the main thread. */
  readonly findFolder?: ((signal: AbortSignal) => Promise<GroupFolder>) | undefined
  readonly maxMembers: number
}

/** Keeps this process in its group: connects to the keeper or becomes it, and does so again when the connection ends. */
export class Membership {
  readonly #options: MembershipOptions
  #folder: GroupFolder | undefined
  readonly #ending = new AbortController()
  readonly #log = new RateLimitedLog({ code: 'TALLYSCOPE_GROUP', subject: 'the group of this process' })
  #keeper: Keeper | undefined
  #server: Server | undefined
  #generation = 0
  #hung = 0
  #isNew = true
  #shortStays = 0
  #isLeaving = false
  #lasting: Promise<void> = Promise.resolve()
  #stopTick: () => void = () => {}
  #stopSending: () => void = () => {}
  readonly #whenJoined: (() => void)[] = []
  #refusal: string | undefined

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#folder = options.folder
    options.member.onWelcome = () => this.#wake()
  }

  /** The keeper, if it is in this process. */
  get keeper(): Keeper | undefined {
    return this.#keeper
  }

  start(): void {
    this.#lasting = this.#run()
    this.#armTick()
    this.#armSending()
  }

  /** Lets other processes and threads join a process that was alone. */
  open(folder: GroupFolder): void {
    if (this.#folder !== undefined || this.#isLeaving) return
    this.#folder = folder
    this.#options.member.disconnect() // and join again through the folder
  }

  /** Returns the merged rows, after all members have sent their changes. */
  async families(timeoutMs: number): Promise<readonly Family[]> {
    const waitMs = Math.max(1, Math.min(1_000, timeoutMs / 2))
    const { member, data } = this.#options
    const beginMs = data.clock.monotonicMs()
    await this.#joined(waitMs)
    const leftMs = Math.max(1, waitMs - (data.clock.monotonicMs() - beginMs))
    if (this.#keeper === undefined) return member.merged(leftMs, timeoutMs * 0.9)
    await this.#keeper.gather(leftMs)
    return this.#keeper?.families() ?? []
  }

  /** True if this process is the keeper and there is no newer one. */
  get isKeeper(): boolean {
    return this.#keeper !== undefined && this.#isCurrent()
  }

  /** Sends all changes, after this process or thread has joined. */
  async flush(): Promise<void> {
    await this.#joined(LEAVE_TIMEOUT_MS)
    await this.#options.member.flush()
  }

  async leave(): Promise<void> {
    if (this.#ending.signal.aborted) return this.#lasting
    const { member } = this.#options
    await this.#joined(LEAVE_TIMEOUT_MS).catch(() => {}) // without a keeper the recorded values are lost
    if (this.#isLeaving) return this.#lasting
    this.#stopTick()
    this.#stopSending()
    this.#isLeaving = true
    if (this.#keeper === undefined) this.#writeFinalRows()
    await member.leave(LEAVE_TIMEOUT_MS)
    this.#ending.abort()
    member.disconnect()
    this.#wake()
    await this.#lasting
  }

  /** Leaves the group without waiting, at the end of the process. */
  flushSync(): void {
    if (this.#ending.signal.aborted) return
    const keeper = this.#keeper
    if (keeper === undefined) this.#writeFinalRows()
    this.#options.member.flushSync()
    if (keeper === undefined) return
    keeper.flushSync()
    if (keeper.hasHadOthers) this.#folder?.writeFinalRows(keeper.term, keeper.finalFrames())
    else this.#folder?.remove()
  }

  /** Call before sending LEAVE, which is lost if the keeper ends at the same moment. Threads write no files, because they end too often. */
  #writeFinalRows(): void {
    const { member } = this.#options
    if (member.canLead || !member.isConnected) this.#folder?.writeFinalRows(member.id, member.finalFrames())
  }

  /** Waits until this process has joined. Rejects after `waitMs`. */
  async #joined(waitMs: number): Promise<void> {
    if (this.#ending.signal.aborted) throw hasLeft()
    const isJoined = (): boolean => this.#keeper !== undefined || this.#options.member.isConnected
    if (isJoined()) return
    await new Promise<void>((resolve) => {
      const stop = startTimer(this.#options.data.clock, waitMs, resolve, { keepAlive: true })
      this.#whenJoined.push(() => {
        stop()
        resolve()
      })
    })
    if (this.#ending.signal.aborted) throw hasLeft()
    if (!isJoined()) throw incomplete(this.#refusal ?? 'this process has not joined it yet')
  }

  #wake(): void {
    for (const wake of this.#whenJoined.splice(0)) wake()
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      try {
        await this.#joinOnce(signal)
      } catch (error) {
        if (signal.aborted) return
        this.#refusal = 'it cannot be joined'
        this.#log.report('cannot be joined; another try follows', error)
        await pause(FAILED_PAUSE_MS, this.#options.data.clock, signal)
      }
    }
  }

  async #joinOnce(signal: AbortSignal): Promise<void> {
    const { member, findFolder, data } = this.#options
    const { clock } = data
    if (findFolder !== undefined) {
      this.#refusal ??= 'the main thread of this process is in no group'
      this.#folder = await findFolder(signal)
      this.#refusal = undefined
    }
    const folder = this.#folder
    if (folder === undefined) return this.#lead(undefined, false)
    const patienceMs = member.isStandby ? 0 : this.#isNew ? NEW_PATIENCE_MS : MEMBER_PATIENCE_MS
    const meeting = await meet({ folder, above: this.#hung, patienceMs, canLead: member.canLead, signal })
    if (signal.aborted) return abandon(meeting)
    this.#generation = meeting.generation
    if (meeting.role === 'keeper') return this.#lead(meeting, meeting.followsDead && this.#isNew)
    const joinedMs = clock.monotonicMs()
    const ending = await member.join(new SocketChannel(meeting.socket, data.limits.frameBytes))
    this.#isNew = false
    this.#shortStays = clock.monotonicMs() - joinedMs < SHORT_STAY_MS ? this.#shortStays + 1 : 0
    if (this.#shortStays > MAX_SHORT_STAYS) await pause(FAILED_PAUSE_MS, clock, signal)
    if (ending === 'hung') this.#hung = meeting.generation
    if (ending === 'refused') await pause(REFUSED_PAUSE_MS, clock, signal)
    if (ending === 'refused for good') await pause(2 ** 30, clock, signal)
  }

  /** Runs the keeper until there is a newer one, or the process leaves. */
  async #lead(meeting: (Meeting & { role: 'keeper' }) | undefined, isUnsure: boolean): Promise<void> {
    const { member, data, maxMembers } = this.#options
    const isFirst = this.#isNew
    this.#isNew = false
    const keeper = new Keeper({
      id: member.id,
      data,
      maxMembers,
      folder: this.#folder,
      expected: member.others,
      isSuccessor: meeting?.followsDead === true && !isFirst,
      isUnsure,
      isCurrent: () => this.#isCurrent(),
      restartOwnRows: () => member.restart(),
    })
    if (!isFirst || isUnsure) countKeeperChange()
    this.#server = meeting?.server.on('connection', (socket) => {
      socket.unref()
      keeper.accept(new SocketChannel(socket, data.limits.frameBytes))
    })
    const [own, theirs] = memoryChannels()
    keeper.accept(theirs)
    const joined = member.join(own)
    // This process may end before the next turn of the event loop, and must not be a keeper without its own rows.
    keeper.receiveSync()
    member.receiveSync()
    this.#keeper = keeper
    this.#wake()
    this.#removeAbandoned()
    await joined
    this.#keeper = undefined
    if (!this.#isLeaving) member.keepDepartedTotals(keeper.id, keeper.term, keeper.departedFrames())
    else if (keeper.hasOthers) {
      this.#folder?.retire(this.#generation)
      this.#folder?.writeFinalRows(keeper.term, keeper.finalFrames())
    } else this.#folder?.remove()
    this.#server?.close()
    this.#server = undefined
    await keeper.close()
  }

  #removeAbandoned(): void {
    const { clock } = this.#options.data
    if (this.#folder === undefined) return
    removeAbandonedGroups(this.#folder, clock.unixMs()).catch((error: unknown) => {
      this.#log.report('cannot remove the files of groups that have ended', error)
    })
  }

  /** False if there is a newer generation, because this keeper was stopped for long or its socket was removed. */
  #isCurrent(): boolean {
    const folder = this.#folder
    if (folder === undefined) return true
    try {
      return (folder.generations().at(-1) ?? 0) <= this.#generation
    } catch {
      return true // if the folder cannot be read, no other member can read it either
    }
  }

  #armTick(): void {
    const { clock } = this.#options.data
    const delayMs = TICK_MS * (1 - TICK_SPREAD + 2 * TICK_SPREAD * Math.random())
    this.#stopTick = startTimer(clock, delayMs, () => {
      this.#armTick()
      this.#tick()
    })
  }

  #armSending(): void {
    const { member, data } = this.#options
    this.#stopSending = startTimer(data.clock, member.sendDelayMs, () => {
      member.sendRecorded()
      this.#armSending()
    })
  }

  #tick(): void {
    const { member } = this.#options
    const folder = this.#folder
    if (this.#keeper !== undefined && folder !== undefined && (!this.#isCurrent() || !folder.has(this.#generation))) {
      return member.disconnect()
    }
    // Another member has found that the keeper hangs, and has become the keeper.
    if (this.#keeper === undefined && !this.#isCurrent()) return member.disconnect('hung')
    this.#keeper?.tick()
    member.tick()
  }
}
