import { closeSync, constants, fchmodSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import { type Clock, systemClock } from '../../base/clock.js'
import { errorCode } from '../../base/errors.js'
import { shortPause } from '../../base/timer.js'
import { nextChunk, wholeLines } from './line-chunk.js'
import { endsInsideLine, staysTorn } from './torn-line.js'
import { rotate } from './rotate-files.js'
import { LAST_WRITE_MS, REPEATABLE, sleepSync, writeInTime } from './write-in-time.js'

/** The number of lines that were written completely, and the error if there are others. */
export interface WrittenLines {
  readonly lines: number
  readonly error: unknown
}

export interface LineFileOptions {
  readonly path: string
  /** Before the file would exceed this size, it is renamed to `path.1`, `path.1` to `path.2` and so on. */
  readonly maxBytes: number
  readonly maxFiles: number
  /** Permissions of new files. Undefined for 0o600. */
  readonly mode: number | undefined
  /** True if `path` may be a symbolic link. */
  readonly followLinks: boolean
  /** Called when the file is opened again because it was replaced or removed. */
  readonly onReopen: () => void
  /** Source of time for the delay before a failed write is retried. */
  readonly clock: Clock
}

const LF = Buffer.from('\n')
/** The maximum size of one write. Writes of this size are rarely interrupted by a kill. */
const WRITE_BYTES = 16_384
const MAX_REPEATS = 10
const REPEAT_AFTER_MS = 100
// Non-blocking, so that opening a pipe without a reader fails instead of blocking a thread.
const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0)
const DEFAULT_MODE = 0o600
/** Codes of fsync for files that do not support it. */
const UNSUPPORTED: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP', 'EROFS'])

/**
 * A file that is appended to in whole lines. It is opened for the first write, and again when it was replaced. A partial line at its end,
 * from a killed process or a full disk, is terminated before the next line. Calls must not overlap.
 */
export class LineFile {
  readonly #options: LineFileOptions
  #handle: FileHandle | undefined
  #identity: { readonly dev: bigint; readonly ino: bigint } | undefined
  #isRegular = false
  #sizeBytes = 0
  /** True if the file ends with a partial line. */
  #isTorn = false
  /** True if bytes were written since the last fsync. */
  #isUnsynced = false
  #appending: Appending | undefined
  /** Called before the file is closed, if bytes were written since the last `sync`. Never rejects. */
  beforeClose: (() => Promise<void>) | undefined

  constructor(options: LineFileOptions) {
    this.#options = options
  }

  /** Opens the file if it is not open or was replaced. Throws the error of the system. */
  async open(): Promise<void> {
    if (this.#handle !== undefined && !(await this.#isReplaced())) return
    if (this.#handle !== undefined) {
      await this.close()
      this.#options.onReopen()
    }
    const { path, mode, followLinks } = this.#options
    const handle = await open(path, OPEN_FLAGS | linkFlag(followLinks), mode ?? DEFAULT_MODE)
    try {
      const found = fstatSync(handle.fd, { bigint: true })
      if (mode !== undefined && found.isFile() && found.size === 0n) fchmodSync(handle.fd, mode) // regardless of the umask
      this.#identity = { dev: found.dev, ino: found.ino }
      this.#isRegular = found.isFile()
      this.#sizeBytes = Number(found.size)
      this.#isTorn = await staysTorn(path, found, this.#options.clock)
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
  }

  /** Appends lines, each of which ends with a line feed. Never rejects: the error is part of the result. */
  async append(lines: readonly Buffer[]): Promise<WrittenLines> {
    if (lines.length === 0) return { lines: 0, error: undefined }
    const appending: Appending = { lines, written: 0, current: undefined, finished: undefined }
    this.#appending = appending
    try {
      await this.open()
      while (appending.written < lines.length) {
        const chunk = nextChunk(lines, appending.written, Math.min(WRITE_BYTES, this.#options.maxBytes))
        await this.#makeRoom(chunk.bytes.length)
        if (appending.finished !== undefined) return appending.finished
        appending.current = chunk
        const done = await this.#write(chunk.bytes)
        if (appending.finished !== undefined) return appending.finished
        appending.current = undefined
        appending.written += done.error === undefined ? chunk.lines : wholeLines(lines, appending.written, done.bytes)
        if (done.error !== undefined) return { lines: appending.written, error: done.error }
      }
      return { lines: appending.written, error: undefined }
    } catch (error) {
      return appending.finished ?? { lines: appending.written, error }
    } finally {
      this.#appending = undefined
    }
  }

  /**
   * Finishes a running append synchronously, for the end of a process. Waits for the write that a thread of Node has already begun, and
   * writes the other lines itself.
   */
  finishSync(): WrittenLines {
    const appending = this.#appending
    if (appending === undefined || appending.finished !== undefined) return { lines: 0, error: undefined }
    const { current } = appending
    if (current !== undefined && !this.#waitForWrite(current.bytes.length)) {
      return (appending.finished = { lines: appending.written, error: new Error('a running write did not finish') })
    }
    const from = appending.written + (current?.lines ?? 0)
    const rest = this.appendSync(appending.lines.slice(from))
    return (appending.finished = { lines: from + rest.lines, error: rest.error })
  }

  /** Waits until the write of a thread has reached the file. Pipes are not waited for: their writes do not block. */
  #waitForWrite(bytes: number): boolean {
    if (!this.#isRegular || this.#handle === undefined) return true
    const endsMs = systemClock.monotonicMs() + LAST_WRITE_MS
    const { fd } = this.#handle
    do {
      // `#sizeBytes` includes the bytes of a write only after it has returned.
      if (fstatSync(fd).size >= this.#sizeBytes + bytes) return true
      sleepSync()
    } while (systemClock.monotonicMs() < endsMs)
    return false
  }

  /**
   * Like {@link append}, but synchronous, for the end of a process. Does not rotate or detect a replaced file. Waits for a slow reader of a
   * pipe, 500 ms at most.
   * @param onWritten Called with the descriptor of the file once all lines are written. Must not throw.
   */
  appendSync(lines: readonly Buffer[], onWritten: (fd: number) => void = () => {}): WrittenLines {
    if (lines.length === 0) {
      if (this.#handle !== undefined) onWritten(this.#handle.fd)
      return { lines: 0, error: undefined }
    }
    let own: number | undefined
    let written = 0
    try {
      const { path, mode = DEFAULT_MODE, followLinks } = this.#options
      own = this.#handle === undefined ? openSync(path, OPEN_FLAGS | linkFlag(followLinks), mode) : undefined
      const fd = this.#handle?.fd ?? own!
      const isTorn = own === undefined ? this.#isTorn : endsInsideLine(path, fstatSync(fd, { bigint: true }))
      const endsMs = systemClock.monotonicMs() + LAST_WRITE_MS
      if (isTorn) writeInTime(fd, LF, 0, endsMs)
      this.#isTorn = false
      for (const line of lines) {
        for (let at = 0; at < line.length; ) {
          at += writeInTime(fd, line, at, endsMs)
          this.#isUnsynced = true
          this.#isTorn = at > 0 && at < line.length
        }
        written++
      }
      onWritten(fd)
      return { lines: written, error: undefined }
    } catch (error) {
      return { lines: written, error }
    } finally {
      if (own !== undefined) closeSync(own)
    }
  }

  /** Calls fsync. Does nothing for pipes and other files that do not support it. */
  async sync(): Promise<void> {
    this.#isUnsynced = false
    try {
      await this.#handle?.sync()
    } catch (error) {
      if (!UNSUPPORTED.has(errorCode(error))) throw error
    }
  }

  /** Like {@link sync}, but synchronous. @param fd The descriptor that `appendSync` passes. */
  syncSync(fd: number): void {
    this.#isUnsynced = false
    try {
      fsyncSync(fd)
    } catch (error) {
      if (!UNSUPPORTED.has(errorCode(error))) throw error
    }
  }

  async close(): Promise<void> {
    if (this.#isUnsynced) await this.beforeClose?.()
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #isReplaced(): Promise<boolean> {
    try {
      const found = await (this.#options.followLinks ? stat : lstat)(this.#options.path, { bigint: true })
      if (found.ino !== this.#identity?.ino || found.dev !== this.#identity.dev) return true
      const sizeBytes = Number(found.size)
      if (sizeBytes < this.#sizeBytes) this.#isTorn = false // another process has truncated the file
      this.#sizeBytes = sizeBytes
      return false
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return true
      throw error
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { path, maxBytes, maxFiles } = this.#options
    if (!this.#isRegular || this.#sizeBytes === 0 || this.#sizeBytes + bytes <= maxBytes) return
    // If it was replaced, another process has rotated it.
    if (!(await this.#isReplaced())) await rotate(path, maxFiles)
    await this.close()
    await this.open()
  }

  async #write(bytes: Buffer): Promise<{ readonly bytes: number; readonly error: unknown }> {
    if (this.#isTorn) {
      const healed = await this.#writeAll(LF)
      if (healed.error !== undefined) return { bytes: 0, error: healed.error }
      this.#isTorn = false
    }
    const done = await this.#writeAll(bytes)
    if (done.error !== undefined) this.#isTorn = done.bytes > 0 && bytes[done.bytes - 1] !== LF[0] && !this.#takeBack(bytes, done.bytes)
    return done
  }

  async #writeAll(bytes: Buffer): Promise<{ readonly bytes: number; readonly error: unknown }> {
    let at = 0
    let repeats = 0
    while (at < bytes.length) {
      try {
        const { bytesWritten } = await this.#handle!.write(bytes, at, bytes.length - at, null)
        at += bytesWritten
        this.#isUnsynced = true
        this.#sizeBytes += bytesWritten
        if (bytesWritten > 0) repeats = 0
        else if (++repeats > MAX_REPEATS) return { bytes: at, error: new Error('the system accepts no bytes') }
      } catch (error) {
        if (!REPEATABLE.has(errorCode(error)) || ++repeats > MAX_REPEATS) return { bytes: at, error }
        await shortPause(REPEAT_AFTER_MS, this.#options.clock)
      }
    }
    return { bytes: at, error: undefined }
  }

  /**
   * Truncates a partial line that was written, if it is still the end of the file. Synchronous, so that other processes have little time
   * to append in between.
   */
  #takeBack(bytes: Buffer, written: number): boolean {
    if (!this.#isRegular) return false
    const part = bytes.subarray(bytes.lastIndexOf(LF[0]!, written - 1) + 1, written)
    let fd: number | undefined
    try {
      fd = openSync(this.#options.path, constants.O_RDWR | (constants.O_NONBLOCK ?? 0) | linkFlag(this.#options.followLinks))
      const found = fstatSync(fd, { bigint: true })
      if (found.ino !== this.#identity?.ino || found.dev !== this.#identity.dev) return false
      const start = Number(found.size) - part.length
      const tail = Buffer.alloc(part.length)
      if (start < 0 || readSync(fd, tail, 0, part.length, start) !== part.length || !tail.equals(part)) return false
      ftruncateSync(fd, start)
      this.#sizeBytes = start
      return true
    } catch {
      return false
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }
}

/** The flag that refuses symbolic links. A user with write access to the folder could use one to redirect the output to any file. */
function linkFlag(followLinks: boolean): number {
  return followLinks ? 0 : (constants.O_NOFOLLOW ?? 0)
}

interface Appending {
  readonly lines: readonly Buffer[]
  /** The number of lines in the file. */
  written: number
  /** The chunk that a thread of Node is writing. */
  current: { readonly bytes: Buffer; readonly lines: number } | undefined
  /** The result of `finishSync`, once that was called. */
  finished: WrittenLines | undefined
}
