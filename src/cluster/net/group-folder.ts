import { chmodSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, type Stats, statSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { TallyscopeError } from '../../base/errors.js'
import { warnOnce } from '../../base/logger.js'
import { errorText } from '../../base/rate-limited-log.js'
import { isOutOfDescriptors, readRegular, writeNew } from './regular-files.js'

/** Node 20 cuts longer paths of sockets without an error, and two groups become one. */
const MAX_PATH_BYTES = 103
/** The name for the greatest generation. */
const LONGEST_NAME = '9007199254740991.sock'
const HASH = /^[\da-f]{16}$/
const FILE = /^(\d{1,16})\.(sock|gone)$/
const FINAL_ROWS = /^([\da-f]{32})\.final$/
/** The name of a file that was not finished, because its process was killed. */
const UNFINISHED = /^[\da-f]{32}\.final\.part$/
/** A process writes no larger file, because it would delay the end of the process. Larger ones are not read. */
const MAX_FINAL_ROWS_BYTES = 16 << 20

/** The folder in which the members of a group find each other's sockets. */
export interface GroupFolder {
  /**
   * Returns the generations of all sockets in the folder in ascending order, including dead ones.
   * @throws {@link TallyscopeError} `ERR_GROUP_FOLDER` if the folder cannot be read.
   */
  generations(): number[]
  /** Returns the path of a socket. */
  address(generation: number): string
  /** False if the socket of this generation has been removed. */
  has(generation: number): boolean
  /** Removes the files of generations below this one, which are dead. */
  removeBelow(generation: number): void
  /** Writes a file that marks this generation as used, so that its number is not used again. */
  retire(generation: number): void
  /** Returns the ids of members and the terms of keepers that have a file of final rows. @throws as {@link generations} */
  finalRowIds(): string[]
  /** Writes the final rows of a member or keeper to a file, which the next keeper reads. Does nothing if the file cannot be written. */
  writeFinalRows(id: string, frames: Iterable<Uint8Array>): void
  /** Returns undefined if there is no such file. @throws the error of the system if too many files are open. */
  readFinalRows(id: string): Uint8Array | undefined
  removeFinalRows(id: string): void
  /** Returns when the file was written, in milliseconds since 1970; 0 if there is none. */
  finalRowsUnixMs(id: string): number
  /** Returns the folders of other groups beside this one whose files have not changed since this time. None if the user has named the folder. */
  unchangedSince(unixMs: number): GroupFolder[]
  /** Returns the error for a folder with a file of the greatest generation, after which there is none. */
  exhausted(): TallyscopeError
  /** Removes all files and the folder. Members that join at this moment create it again. */
  remove(): void
}

/**
 * The folder of a group: `<temporary files>/tallyscope-<user>/<hash>` with mode 0700, or the one that is given.
 *
 * Sockets are named by their generation, and each is bound at most once. If no process listens on the highest one, a member
 * binds the next, so that no file is removed that another process is about to bind.
 *
 * @throws {@link TallyscopeError} `ERR_GROUP_FOLDER` if it cannot be made, belongs to another user, is open to others, has too long a path,
 *   or on Windows.
 */
export function openGroupFolder(hash: string, given?: string, platform: NodeJS.Platform = process.platform): GroupFolder {
  if (platform === 'win32') throw folderError(given, 'cannot be protected on Windows, where groups are not supported')
  if (given !== undefined) return new SocketFolder(checkedPath(given, `${hash}.`), `${hash}.`)
  const parent = join(tmpdir(), `tallyscope-${userId()}`)
  makePrivate(parent)
  const path = join(parent, hash)
  checkLength(path, '')
  makePrivate(path)
  return new SocketFolder(path, '')
}

class SocketFolder implements GroupFolder {
  readonly #path: string
  readonly #prefix: string

  constructor(path: string, prefix: string) {
    this.#path = path
    this.#prefix = prefix
  }

  generations(): number[] {
    const found = this.#files().map((name) => Number(FILE.exec(name.slice(this.#prefix.length))![1]))
    return [...new Set(found)].sort((a, b) => a - b)
  }

  address(generation: number): string {
    return join(this.#path, `${this.#prefix}${generation}.sock`)
  }

  has(generation: number): boolean {
    try {
      return lstatOf(this.address(generation)) !== undefined
    } catch {
      return true // it cannot be seen at the moment
    }
  }

  removeBelow(generation: number): void {
    for (const name of this.#files()) {
      if (Number(FILE.exec(name.slice(this.#prefix.length))![1]) < generation) unlink(join(this.#path, name))
    }
  }

  retire(generation: number): void {
    try {
      writeNew(join(this.#path, `${this.#prefix}${generation}.gone`), '')
    } catch {
      // The file is there, or the disk is full: the number may be used again, which costs the group one more rendezvous at most.
    }
  }

  finalRowIds(): string[] {
    return this.#names(FINAL_ROWS).map((name) => FINAL_ROWS.exec(name.slice(this.#prefix.length))![1]!)
  }

  writeFinalRows(id: string, frames: Iterable<Uint8Array>): void {
    const parts: Uint8Array[] = []
    let bytes = 0
    for (const frame of frames) {
      parts.push(frame)
      bytes += frame.length
      if (bytes > MAX_FINAL_ROWS_BYTES) {
        return warnOnce('TALLYSCOPE_GROUP', 'final rows', `the final rows have more than ${MAX_FINAL_ROWS_BYTES} bytes: no file has them`)
      }
    }
    const path = this.#finalRowsPath(id)
    try {
      // Written under another name first, so that no incomplete file is read.
      unlink(`${path}.part`)
      writeNew(`${path}.part`, Buffer.concat(parts))
      renameSync(`${path}.part`, path)
    } catch (error) {
      warnOnce('TALLYSCOPE_GROUP', 'final rows', `no file has the final rows: ${errorText(error)}`)
      unlink(`${path}.part`) // The disk is full, or the folder has been removed. The keeper gets the same rows over the socket.
    }
  }

  readFinalRows(id: string): Uint8Array | undefined {
    try {
      return readRegular(this.#finalRowsPath(id), MAX_FINAL_ROWS_BYTES)
    } catch (error) {
      if (isOutOfDescriptors(error)) throw error
      return undefined // another member has removed it, or it is none of ours
    }
  }

  removeFinalRows(id: string): void {
    unlink(this.#finalRowsPath(id))
  }

  finalRowsUnixMs(id: string): number {
    return lstatOf(this.#finalRowsPath(id))?.mtimeMs ?? 0
  }

  unchangedSince(unixMs: number): GroupFolder[] {
    if (this.#prefix !== '') return []
    const parent = dirname(this.#path)
    const others = readdirSync(parent, { withFileTypes: true }).filter(({ name }) => HASH.test(name) && name !== basename(this.#path))
    const paths = others.filter((other) => other.isDirectory()).map(({ name }) => join(parent, name))
    return paths.filter((path) => (lstatOf(path)?.mtimeMs ?? unixMs) < unixMs).map((path) => new SocketFolder(path, ''))
  }

  exhausted(): TallyscopeError {
    return folderError(this.#path, 'has a file with the greatest number for a socket')
  }

  #finalRowsPath(id: string): string {
    return join(this.#path, `${this.#prefix}${id}.final`)
  }

  remove(): void {
    try {
      for (const name of [...this.#files(), ...this.#names(FINAL_ROWS), ...this.#names(UNFINISHED)]) unlink(join(this.#path, name))
      if (this.#prefix === '') rmdirSync(this.#path) // any other folder belongs to the user
    } catch {
      // A member joins at this moment, or the folder cannot be read: a later group removes it.
    }
  }

  #make(): void {
    if (this.#prefix === '') makePrivate(this.#path)
    else checkedPath(this.#path, this.#prefix)
  }

  #files(): string[] {
    return this.#names(FILE)
  }

  #names(pattern: RegExp): string[] {
    try {
      const names = readdirSync(this.#path)
      return names.filter((name) => name.startsWith(this.#prefix) && pattern.test(name.slice(this.#prefix.length)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw folderError(this.#path, `cannot be read: ${errorText(error)}`, error)
      this.#make() // a cleaner of temporary files has removed it
      return []
    }
  }
}

function makePrivate(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw folderError(path, `cannot be made: ${errorText(error)}`, error)
  }
  const found = lstatOf(path)
  if (found === undefined || !found.isDirectory()) throw folderError(path, 'must be a directory, and no link to one')
  if (found.uid !== userId()) throw folderError(path, `belongs to user ${found.uid}, not to this process`)
  if ((found.mode & 0o077) !== 0)
    throw folderError(path, `must be open to its owner alone: its mode is ${(found.mode & 0o777).toString(8)}`)
  if ((found.mode & 0o700) !== 0o700) chmodSync(path, 0o700)
}

/** Returns the path of a folder that the user has named. It may have any permissions, because volumes are often writable for everyone. */
function checkedPath(given: string, prefix: string): string {
  if (typeof given !== 'string' || given === '') throw folderError(given, 'must be the path of a folder')
  const path = resolve(given)
  checkLength(path, prefix)
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const found = statSync(path)
    if (!found.isDirectory()) throw folderError(path, 'must be a directory')
    if ((found.mode & 0o002) !== 0) {
      const shown = inspectValue(path)
      warnOnce(
        'TALLYSCOPE_GROUP',
        `folder ${shown}`,
        `every user of this machine can write to ${shown}, and can therefore read the metrics of the group`,
      )
    }
  } catch (error) {
    throw TallyscopeError.is(error) ? error : folderError(path, `cannot be made: ${errorText(error)}`, error)
  }
  return path
}

function checkLength(path: string, prefix: string): void {
  const bytes = Buffer.byteLength(join(path, `${prefix}${LONGEST_NAME}`))
  if (bytes <= MAX_PATH_BYTES) return
  throw folderError(path, `is too long: with the name of a socket it has ${bytes} bytes, at most ${MAX_PATH_BYTES} are possible`)
}

/** Returns the effective user, which owns new files. `os.userInfo()` throws if the user is not in /etc/passwd, as in some containers. */
function userId(): number {
  return process.geteuid?.() ?? 0
}

function lstatOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function unlink(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Another member has removed it.
  }
}

function folderError(path: unknown, what: string, cause?: unknown): TallyscopeError {
  const message = `the folder of the group ${what} (${inspectValue(path)}); the option folder names another one`
  return new TallyscopeError('ERR_GROUP_FOLDER', message, cause === undefined ? {} : { cause })
}
