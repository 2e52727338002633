import type { Writable } from 'node:stream'
import { errorCode } from '../../base/errors.js'
import { inNextTurn } from '../../base/timer.js'

/** The required part of a writable stream. `write` returns false if its buffer is full. */
export interface TextStream {
  write(text: string, done?: (error?: Error | null) => void): unknown
}

type AnyStream = TextStream & Partial<Pick<Writable, 'on' | 'off' | 'writableLength' | 'destroyed' | 'writableEnded' | 'errored'>>

/** `gone`: the stream has no reader. `full`: the stream buffers more than the maximum. */
export type Written = { readonly kind: 'written' | 'gone' | 'full' } | { readonly kind: 'failed'; readonly error: unknown }

/** Error codes of a closed pipe, terminal or stream, which are not reported. */
const GONE: ReadonlySet<unknown> = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'])
const ignore = (): void => {}

/**
 * Writes to a stream that belongs to the application, usually stdout. It never closes the stream, waits while it is full, and listens to
 * its errors only during writes.
 */
export class StreamWriter {
  readonly #stream: () => TextStream
  readonly #maxBufferedBytes: number
  #pending = 0
  #listening: AnyStream | undefined

  constructor(stream: () => TextStream, maxBufferedBytes: number = 1 << 20) {
    this.#stream = stream
    this.#maxBufferedBytes = maxBufferedBytes
  }

  write(text: string): Promise<Written> {
    let stream: AnyStream
    try {
      stream = this.#stream()
      if (isOver(stream)) return Promise.resolve({ kind: 'gone' })
      if ((stream.writableLength ?? 0) > this.#maxBufferedBytes) return Promise.resolve({ kind: 'full' })
    } catch (error) {
      return Promise.resolve({ kind: 'failed', error })
    }
    this.#listen(stream)
    return new Promise((resolve) => {
      const end = (error?: unknown): void => {
        this.#release()
        resolve(outcomeOf(error))
      }
      try {
        const hasRoom = stream.write(text, end) !== false
        // An immediate error calls `end` before the next tick. Later errors are ignored.
        if (hasRoom) process.nextTick(resolve, { kind: 'written' })
      } catch (error) {
        end(error)
      }
    })
  }

  /** Writes synchronously. Returns false if the stream has no reader. Throws if it fails, or buffers bytes that it cannot write now. */
  writeSync(text: string): boolean {
    const stream: AnyStream = this.#stream()
    if (isOver(stream)) return false
    this.#listen(stream)
    try {
      stream.write(text)
      const { errored } = stream // its error event comes in the next tick
      if (errored != null && !GONE.has(errorCode(errored))) throw errored
      const { waitingBytes } = this
      if (waitingBytes > 0) throw new Error(`${waitingBytes} bytes are buffered in the stream`)
      return errored == null
    } finally {
      this.#release()
    }
  }

  /** The bytes in the buffer of the stream, which it still may write. */
  get waitingBytes(): number {
    const stream: AnyStream = this.#stream()
    return isOver(stream) || stream.errored != null ? 0 : (stream.writableLength ?? 0)
  }

  #listen(stream: AnyStream): void {
    this.#pending++
    if (this.#listening === stream) return
    this.#listening?.off?.('error', ignore)
    this.#listening = stream
    stream.on?.('error', ignore)
  }

  #release(): void {
    this.#pending--
    // The error event comes after the callback.
    inNextTurn(() => {
      if (this.#pending > 0) return
      this.#listening?.off?.('error', ignore)
      this.#listening = undefined
    })
  }
}

function isOver({ destroyed, writableEnded }: AnyStream): boolean {
  return destroyed === true || writableEnded === true
}

function outcomeOf(error: unknown): Written {
  if (error == null) return { kind: 'written' }
  return GONE.has(errorCode(error)) ? { kind: 'gone' } : { kind: 'failed', error }
}
