import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import { systemClock } from '../../base/clock.js'
import { nextChunk, wholeLines } from './line-chunk.js'
import { codeOf, endsInsideLine, staysTorn } from './torn-line.js'
import { rotate } from './rotate-files.js'

/** How many of the lines given are in the file as whole lines, and what kept the others out. */
export interface WrittenLines {
  readonly lines: number
  readonly error: unknown
}

export interface LineFileOptions {
  readonly path: string
  /** The file is renamed to `path.1`, `path.1` to `path.2` and so on, before it would grow beyond this. */
  readonly maxBytes: number
  readonly maxFiles: number
  /** Permissions of new files; undefined: 0o600. */
  readonly mode: number | undefined
  /** Whether `path` may be a symbolic link. */
  readonly followLinks: boolean
  /** Called when the file is opened again because another has taken its place or it was removed. */
  readonly onReopen: () => void
  /** Pauses before a write is repeated that the system refused for now. */
  readonly pause: (delayMs: number) => Promise<void>
}

const LF = Buffer.from('\n')
/** Lines written in one go: a kill can only tear what is being written, and writes of this size are hardly ever torn. */
const WRITE_BYTES = 16_384
const REPEATABLE: ReadonlySet<unknown> = new Set(['EAGAIN', 'EINTR', 'EBUSY'])
const MAX_REPEATS = 10
const REPEAT_AFTER_MS = 100
// Non-blocking, so that a pipe without a reader is an error and not a thread that waits for ever.
const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0)
const DEFAULT_MODE = 0o600

/**
 * A file that only ever gets whole lines. It is opened when first written to, opened again when another file has
 * taken its place, and whatever was torn at its end, by a kill or by a full disk, is closed off before the next line.
 * One caller at a time.
 */
export class LineFile {
  readonly #options: LineFileOptions
  #handle: FileHandle | undefined
  #identity: { readonly dev: bigint; readonly ino: bigint } | undefined
  #isRegular = false
  #sizeBytes = 0
  /** What was written last ended inside a line. */
  #isTorn = false
  #appending: Appending | undefined

  constructor(options: LineFileOptions) {
    this.#options = options
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Opens the file if it is not open, or is no longer what its path names. Throws the error of the system. */
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
      if (mode !== undefined && found.isFile() && found.size === 0n) fchmodSync(handle.fd, mode) // whatever the umask is
      this.#identity = { dev: found.dev, ino: found.ino }
      this.#isRegular = found.isFile()
      this.#sizeBytes = Number(found.size)
      this.#isTorn = await staysTorn(path, found, this.#options.pause)
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
  }

  /** Appends lines that each end in LF. Never throws: whatever was not written is reported with its reason. */
  async append(lines: readonly Buffer[]): Promise<WrittenLines> {
    if (lines.length === 0) return { lines: 0, error: undefined }
    const appending: Appending = { lines, written: 0, underWay: undefined, finished: undefined }
    this.#appending = appending
    try {
      await this.open()
      while (appending.written < lines.length) {
        const chunk = nextChunk(lines, appending.written, Math.min(WRITE_BYTES, this.#options.maxBytes))
        await this.#makeRoom(chunk.bytes.length)
        if (appending.finished !== undefined) return appending.finished
        appending.underWay = chunk
        const done = await this.#write(chunk.bytes)
        if (appending.finished !== undefined) return appending.finished
        appending.underWay = undefined
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
   * Writes at once what an append that is under way has not written, for the end of a process. The threads of Node go on
   * writing while this one waits: what they have been given is not written a second time.
   */
  finishSync(): WrittenLines {
    const appending = this.#appending
    if (appending === undefined || appending.finished !== undefined) return { lines: 0, error: undefined }
    const { underWay } = appending
    if (underWay !== undefined && !this.#waitForWrite(underWay.bytes.length)) {
      return (appending.finished = { lines: appending.written, error: new Error('a write that was under way has not ended') })
    }
    const from = appending.written + (underWay?.lines ?? 0)
    const rest = this.appendSync(appending.lines.slice(from))
    return (appending.finished = { lines: from + rest.lines, error: rest.error })
  }

  /** Waits until a write that was handed to a thread is in the file. Of a pipe this cannot be seen; its writes do not wait. */
  #waitForWrite(bytes: number): boolean {
    if (!this.#isRegular || this.#handle === undefined) return true
    const endsMs = systemClock.monotonicMs() + LAST_WRITE_MS
    const { fd } = this.#handle
    do {
      // What a thread has written in part counts already in `#sizeBytes` only once it has returned.
      if (fstatSync(fd).size >= this.#sizeBytes + bytes) return true
      Atomics.wait(sleeper, 0, 0, 1)
    } while (systemClock.monotonicMs() < endsMs)
    return false
  }

  /** As {@link append}, at once: for the last words of a process. No rotation, no look for another file. */
  appendSync(lines: readonly Buffer[]): WrittenLines {
    let own: number | undefined
    let written = 0
    try {
      const { path, mode = DEFAULT_MODE, followLinks } = this.#options
      own = this.#handle === undefined ? openSync(path, OPEN_FLAGS | linkFlag(followLinks), mode) : undefined
      const fd = this.#handle?.fd ?? own!
      const isTorn = own === undefined ? this.#isTorn : endsInsideLine(path, fstatSync(fd, { bigint: true }))
      if (isTorn) writeSync(fd, LF)
      this.#isTorn = false
      for (const line of lines) {
        for (let at = 0; at < line.length; ) {
          at += writeSync(fd, line, at)
          this.#isTorn = at > 0 && at < line.length
        }
        written++
      }
      return { lines: written, error: undefined }
    } catch (error) {
      return { lines: written, error }
    } finally {
      if (own !== undefined) closeSync(own)
    }
  }

  /** Brings what was written to the disk itself. Pipes and the like, which have none, are passed over. */
  async sync(): Promise<void> {
    try {
      await this.#handle?.sync()
    } catch (error) {
      if (!['EINVAL', 'ENOTSUP', 'EROFS'].includes(String(codeOf(error)))) throw error
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #isReplaced(): Promise<boolean> {
    try {
      const found = await (this.#options.followLinks ? stat : lstat)(this.#options.path, { bigint: true })
      if (found.ino !== this.#identity?.ino || found.dev !== this.#identity.dev) return true
      const sizeBytes = Number(found.size)
      if (sizeBytes < this.#sizeBytes) this.#isTorn = false // truncated by another process, the torn end with it
      this.#sizeBytes = sizeBytes
      return false
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return true
      throw error
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { path, maxBytes, maxFiles } = this.#options
    if (!this.#isRegular || this.#sizeBytes === 0 || this.#sizeBytes + bytes <= maxBytes) return
    // If it is replaced already, another process has made room.
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
        this.#sizeBytes += bytesWritten
        if (bytesWritten > 0) repeats = 0
        else if (++repeats > MAX_REPEATS) return { bytes: at, error: new Error('the system takes no bytes') }
      } catch (error) {
        if (!REPEATABLE.has(codeOf(error)) || ++repeats > MAX_REPEATS) return { bytes: at, error }
        await this.#options.pause(REPEAT_AFTER_MS)
      }
    }
    return { bytes: at, error: undefined }
  }

  /**
   * Takes the part of a line at the end of `bytes` out of the file again, if it still is the end of the file: others
   * may append to it too. In one go, so that there is hardly time for them to do so.
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

/** By default a link is an error: anyone who can write to the folder could make us append to any file. */
function linkFlag(followLinks: boolean): number {
  return followLinks ? 0 : (constants.O_NOFOLLOW ?? 0)
}

/** An append that is under way: which of its lines are in the file, and which have been handed to a thread. */
interface Appending {
  readonly lines: readonly Buffer[]
  written: number
  underWay: { readonly bytes: Buffer; readonly lines: number } | undefined
  /** Set if the lines were dealt with at once in the meantime. */
  finished: WrittenLines | undefined
}

/** How long the end of a process waits for a write that has been handed to a thread. */
const LAST_WRITE_MS = 500
const sleeper = new Int32Array(new SharedArrayBuffer(4))
