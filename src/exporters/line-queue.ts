import { resolve } from 'node:path'
import { DefinitionError } from '../base/errors.js'
import { sharedState } from '../base/shared-state.js'
import { LineFile, type LineFileOptions, type WrittenLines } from './line-file.js'

interface Job {
  readonly lines: readonly Buffer[]
  readonly bytes: number
  readonly done: (written: WrittenLines) => void
}

/** Jobs whose lines go out together: many small ones must not cost a look at the file each. */
const TOGETHER_BYTES = 1 << 20

/**
 * The one way to a file within this process: exporters on one path share it, so that their lines do not mix and
 * what one of them rotates or heals is so for all.
 */
export class LineQueue {
  readonly file: LineFile
  readonly #jobs: Job[] = []
  #queuedBytes = 0
  #working: Promise<void> | undefined

  constructor(options: LineFileOptions) {
    this.file = new LineFile(options)
  }

  /** Bytes that have been given and are not yet written. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Writes the lines after all given before. Never rejects. */
  write(lines: readonly Buffer[]): Promise<WrittenLines> {
    const bytes = lines.reduce((sum, line) => sum + line.length, 0)
    return new Promise((done) => {
      this.#jobs.push({ lines, bytes, done })
      this.#queuedBytes += bytes
      this.#working ??= this.#work()
    })
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
    while (this.#jobs.length > 0) {
      let bytes = 0
      let taken = 0
      while (taken < this.#jobs.length && (taken === 0 || bytes + this.#jobs[taken]!.bytes <= TOGETHER_BYTES))
        bytes += this.#jobs[taken++]!.bytes
      const jobs = this.#jobs.splice(0, taken)
      const written = await this.file.append(jobs.flatMap(({ lines }) => lines))
      this.#queuedBytes -= bytes
      share(jobs, written)
    }
    this.#working = undefined
  }
}

/** Tells each job which of its lines are among those written. */
function share(jobs: readonly Job[], written: WrittenLines): void {
  let left = written.lines
  for (const { lines, done } of jobs) {
    const own = Math.min(lines.length, left)
    left -= own
    done({ lines: own, error: own < lines.length ? written.error : undefined })
  }
}

interface SharedQueue {
  readonly queue: LineQueue
  readonly maxBytes: number
  readonly maxFiles: number
  users: number
}

const queues = sharedState('files', () => new Map<string, SharedQueue>())

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

/** Gives a queue back; the last to do so closes the file, after `before` has seen it. */
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
