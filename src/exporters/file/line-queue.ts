import { resolve } from 'node:path'
import { DefinitionError } from '../../base/errors.js'
import { processGlobal } from '../../base/process-global.js'
import { LineFile, type LineFileOptions, type WrittenLines } from './line-file.js'

/** A place in the queue: lines may be given to it over time, those behind it wait until it is complete. */
export class QueueSlot {
  readonly lines: Buffer[] = []
  /** How much of it is in the file; never rejects. */
  readonly written: Promise<WrittenLines>
  /** Undefined once it is complete. */
  completion: Promise<void> | undefined
  bytes = 0
  readonly #onBytes: (bytes: number) => void
  #complete!: () => void
  #done!: (written: WrittenLines) => void

  constructor(onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes
    this.written = new Promise((resolve) => {
      this.#done = resolve
    })
    this.completion = new Promise((resolve) => {
      this.#complete = resolve
    })
  }

  add(line: Buffer): void {
    this.lines.push(line)
    this.bytes += line.length
    this.#onBytes(line.length)
  }

  complete(): void {
    this.completion = undefined
    this.#complete()
  }

  end(written: WrittenLines): void {
    this.#onBytes(-this.bytes)
    this.#done(written)
  }
}

/** Bytes of several slots that go out together: many small ones must not cost a look at the file each. */
const TOGETHER_BYTES = 1 << 20

/**
 * The one way to a file within this process: exporters on one path share it, so that their lines do not mix and
 * what one of them rotates or heals is so for all.
 */
export class LineQueue {
  readonly file: LineFile
  readonly #slots: QueueSlot[] = []
  #queuedBytes = 0
  #working: Promise<void> | undefined

  constructor(options: LineFileOptions) {
    this.file = new LineFile(options)
  }

  /** Bytes that have been given and are not yet written. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** A place behind all others. Whoever takes one has to complete it. */
  slot(): QueueSlot {
    const slot = new QueueSlot((bytes) => {
      this.#queuedBytes += bytes
    })
    this.#slots.push(slot)
    this.#working ??= this.#work()
    return slot
  }

  /** Writes lines that are there already. Never rejects. */
  write(lines: readonly Buffer[]): Promise<WrittenLines> {
    const slot = this.slot()
    for (const line of lines) slot.add(line)
    slot.complete()
    return slot.written
  }

  /**
   * Writes at once what has been given and is not written yet, for the end of a process: the rest of an append that is under way,
   * then the slots that are complete.
   */
  flushSync(): WrittenLines {
    const begun = this.file.finishSync()
    const open = this.#slots.findIndex(({ completion }) => completion !== undefined)
    const slots = this.#slots.splice(0, open < 0 ? this.#slots.length : open)
    const written = this.file.appendSync(slots.flatMap(({ lines }) => lines))
    share(slots, written)
    return { lines: begun.lines + written.lines, error: begun.error ?? written.error }
  }

  /** Does something with the file while nothing is being written. */
  async between<R>(act: (file: LineFile) => Promise<R>): Promise<R> {
    while (this.#working !== undefined) await this.#working
    const acting = act(this.file)
    this.#working = acting.then(
      () => this.#work(),
      () => this.#work(),
    )
    return acting
  }

  async #work(): Promise<void> {
    await Promise.resolve() // what is given in the same turn goes out together
    for (let first = this.#slots[0]; first !== undefined; first = this.#slots[0]) {
      await first.completion
      if (this.#slots[0] !== first) continue // written by `flushSync` in the meantime
      const slots = this.#slots.splice(0, this.#together())
      share(slots, await this.file.append(slots.flatMap(({ lines }) => lines)))
    }
    this.#working = undefined
  }

  /** How many of the first slots go out in one. */
  #together(): number {
    let bytes = 0
    const end = this.#slots.findIndex((slot, i) => {
      bytes += slot.bytes
      return i > 0 && (slot.completion !== undefined || bytes > TOGETHER_BYTES)
    })
    return end < 0 ? this.#slots.length : end
  }
}

/** Reports to each slot which of its lines were written. */
function share(slots: readonly QueueSlot[], written: WrittenLines): void {
  let left = written.lines
  for (const slot of slots) {
    const own = Math.min(slot.lines.length, left)
    left -= own
    slot.end({ lines: own, error: own < slot.lines.length ? written.error : undefined })
  }
}

interface SharedQueue {
  readonly queue: LineQueue
  readonly maxBytes: number
  readonly maxFiles: number
  users: number
}

const queues = processGlobal('files', () => new Map<string, SharedQueue>())

/**
 * The queue of a path, to be given back with {@link releaseQueue}.
 * @throws {@link DefinitionError} `ERR_FILE_SHARED` when it is in use with another rotation.
 */
export function acquireQueue(options: LineFileOptions): LineQueue {
  const { path, maxBytes, maxFiles } = options
  const key = resolve(path)
  const shared = queues.get(key) ?? { queue: new LineQueue({ ...options, path: key }), maxBytes, maxFiles, users: 0 }
  if (shared.maxBytes !== maxBytes || shared.maxFiles !== maxFiles) {
    const first = `maxBytes ${shared.maxBytes} and maxFiles ${shared.maxFiles}`
    throw new DefinitionError(
      'ERR_FILE_SHARED',
      `exporters of one file must rotate it alike: ${path} is in use with ${first}, not ${maxBytes} and ${maxFiles}`,
    )
  }
  shared.users++
  queues.set(key, shared)
  return shared.queue
}

/** Releases a queue; the last user closes the file, after calling `before`. */
export async function releaseQueue(path: string, before: (file: LineFile) => Promise<void>): Promise<void> {
  const key = resolve(path)
  const shared = queues.get(key)
  if (shared === undefined) return
  shared.users--
  if (shared.users === 0) queues.delete(key)
  await shared.queue.between(async (file) => {
    await before(file)
    if (shared.users === 0) await file.close()
  })
}
