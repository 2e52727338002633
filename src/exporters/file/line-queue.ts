import { resolve } from 'node:path'
import { DefinitionError } from '../../base/errors.js'
import { processGlobal } from '../../base/process-global.js'
import { LineFile, type LineFileOptions, type WrittenLines } from './line-file.js'

/** A position in the queue. Lines are added to it over time; later slots wait until it is complete. */
export class QueueSlot {
  readonly lines: Buffer[] = []
  /** Resolves with the result once the lines were written. Never rejects. */
  readonly written: Promise<WrittenLines>
  /** Resolves when the slot is complete. Undefined from then on. */
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

/** Slots are appended together up to this size, because each append checks whether the file was replaced. */
const MAX_APPEND_BYTES = 1 << 20

/** The queue of one file, which all exporters with this path share, so that their lines do not mix. */
export class LineQueue {
  readonly file: LineFile
  readonly #slots: QueueSlot[] = []
  #queuedBytes = 0
  #working: Promise<void> | undefined

  constructor(options: LineFileOptions) {
    this.file = new LineFile(options)
  }

  /** Bytes of all lines that are not written. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Adds a slot at the end. The caller must complete it. */
  slot(): QueueSlot {
    const slot = new QueueSlot((bytes) => {
      this.#queuedBytes += bytes
    })
    this.#slots.push(slot)
    this.#working ??= this.#work()
    return slot
  }

  /** Adds a complete slot, and resolves when it was written. Never rejects. */
  write(lines: readonly Buffer[]): Promise<WrittenLines> {
    const slot = this.slot()
    for (const line of lines) slot.add(line)
    slot.complete()
    return slot.written
  }

  /**
   * Writes the rest of a running append and all complete slots synchronously, for the end of a process.
   * @param onWritten See `appendSync` of {@link LineFile}.
   */
  flushSync(onWritten?: (fd: number) => void): WrittenLines {
    const begun = this.file.finishSync()
    const open = this.#slots.findIndex(({ completion }) => completion !== undefined)
    const slots = this.#slots.splice(0, open < 0 ? this.#slots.length : open)
    const written = this.file.appendSync(
      slots.flatMap(({ lines }) => lines),
      onWritten,
    )
    share(slots, written)
    return { lines: begun.lines + written.lines, error: begun.error ?? written.error }
  }

  /** Calls `act` while nothing is being written. */
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
    await Promise.resolve() // slots of the same turn are appended together
    for (let first = this.#slots[0]; first !== undefined; first = this.#slots[0]) {
      await first.completion
      if (this.#slots[0] !== first) continue // written by `flushSync` in the meantime
      const slots = this.#slots.splice(0, this.#nextSlots())
      share(slots, await this.file.append(slots.flatMap(({ lines }) => lines)))
    }
    this.#working = undefined
  }

  /** The number of slots in the next append. */
  #nextSlots(): number {
    let bytes = 0
    const end = this.#slots.findIndex((slot, i) => {
      bytes += slot.bytes
      return i > 0 && (slot.completion !== undefined || bytes > MAX_APPEND_BYTES)
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
 * Returns the queue of a path. Call {@link releaseQueue} when it is no longer used.
 * @throws {@link DefinitionError} `ERR_FILE_SHARED` if it is in use with another rotation.
 */
export function acquireQueue(options: LineFileOptions): LineQueue {
  const { path, maxBytes, maxFiles } = options
  const key = resolve(path)
  const shared = queues.get(key) ?? { queue: new LineQueue({ ...options, path: key }), maxBytes, maxFiles, users: 0 }
  if (shared.maxBytes !== maxBytes || shared.maxFiles !== maxFiles) {
    const first = `maxBytes ${shared.maxBytes} and maxFiles ${shared.maxFiles}`
    throw new DefinitionError(
      'ERR_FILE_SHARED',
      `exporters of one file must have the same rotation: ${path} is in use with ${first}, not ${maxBytes} and ${maxFiles}`,
    )
  }
  shared.users++
  queues.set(key, shared)
  return shared.queue
}

/** Calls `before` once nothing is being written, and closes the file if this was the last user. */
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
