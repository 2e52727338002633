import { BroadcastChannel } from 'node:worker_threads'
import { PROTOCOL } from './control-frames.js'

/** The name of a BroadcastChannel, which reaches all threads of this process and no other process. */
const CHANNEL = `tallyscope group ${PROTOCOL}`

/** What a thread needs to find the group of the main thread. */
export interface GroupAddress {
  readonly hash: string
  /** The option `folder` of the main thread; undefined for the default folder. */
  readonly folder: string | undefined
}

const QUESTION = 'which group?'
const CHANGE = 'the group may have changed'

/**
 * In the main thread: replies to worker threads that look for its group, until the returned function is called.
 * @param isOpen Called before each reply. If it returns false, because the group cannot be joined, there is no reply.
 */
export function answerThreads(address: GroupAddress, isOpen: () => boolean): () => void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.onmessage = (event: unknown) => {
    if (dataOf(event) === QUESTION && isOpen()) channel.postMessage(address)
  }
  channel.unref()
  channel.postMessage(CHANGE) // for threads that looked for a group before
  return () => channel.close()
}

/** In a worker thread: requests the group of the main thread. */
export class MainThreadGroup {
  readonly #channel = new BroadcastChannel(CHANNEL)
  readonly #waiting = new Set<(address: GroupAddress) => void>()
  #address: GroupAddress | undefined

  constructor() {
    this.#channel.onmessage = (event: unknown) => {
      const data = dataOf(event)
      if (data === CHANGE && this.#waiting.size > 0) this.#channel.postMessage(QUESTION)
      if (!isAddress(data)) return
      this.#address = data
      for (const resolve of this.#waiting) resolve(data)
      this.#waiting.clear()
    }
    this.#channel.unref()
  }

  /**
   * Waits for the first reply of the main thread. Each call repeats the request, because the main thread may have joined a group since.
   * @throws the signal's reason
   */
  find(signal: AbortSignal): Promise<GroupAddress> {
    signal.throwIfAborted()
    this.#channel.postMessage(QUESTION)
    if (this.#address !== undefined) return Promise.resolve(this.#address)
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve)
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }

  close(): void {
    this.#channel.close()
  }
}

const dataOf = (event: unknown): unknown => (event as { readonly data: unknown }).data

function isAddress(data: unknown): data is GroupAddress {
  if (typeof data !== 'object' || data === null) return false
  const { hash, folder } = data as Record<string, unknown>
  return typeof hash === 'string' && /^[\da-f]{16}$/.test(hash) && (folder === undefined || typeof folder === 'string')
}
