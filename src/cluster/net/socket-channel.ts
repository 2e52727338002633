import type { Socket } from 'node:net'
import type { TallyscopeError } from '../../base/errors.js'
import { FrameError } from '../frames/frame-error.js'
import { FrameReader } from '../frames/frame-reader.js'
import type { Channel } from './channel.js'

/** A channel over a Unix socket. */
export class SocketChannel implements Channel {
  onFrame: (frame: Uint8Array | undefined) => void = () => {}
  readonly isPeerGone: boolean = false
  sentBytes = 0
  fault: TallyscopeError | undefined
  readonly #socket: Socket
  readonly #frames: FrameReader
  #isPaused = false
  #isEnded = false

  /** @param frameBytes The greatest frame that is read. Default 1 MiB. */
  constructor(socket: Socket, frameBytes?: number) {
    this.#socket = socket
    this.#frames = new FrameReader(frameBytes)
    keepAfterFailedWrite(socket)
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk)
      this.#deliver()
    })
    socket.on('error', () => this.#readOn())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#close())
  }

  get isBusy(): boolean {
    return this.#socket.writableNeedDrain
  }

  send(frame: Uint8Array): void {
    if (this.#socket.destroyed || this.#socket.writableEnded || this.#socket.errored !== null) return
    this.sentBytes += frame.length
    this.#socket.write(frame)
  }

  drained(): Promise<void> {
    if (!this.isBusy || this.#socket.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done)
        resolve()
      }
      this.#socket.on('drain', done).on('close', done)
    })
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#deliver()
    if (!this.#isPaused) this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #deliver(): void {
    try {
      while (!this.#isPaused && !this.#isEnded) {
        const frame = this.#frames.next()
        if (frame === undefined) return
        this.onFrame(frame)
      }
    } catch (error) {
      if (!FrameError.is(error)) throw error
      this.fault = error // bytes after a damaged length cannot be read
      this.#socket.destroy()
    }
  }

  /** Continues to read after a write has failed. */
  #readOn(): void {
    const { _readableState } = this.#socket as unknown as StreamStates
    if (_readableState === undefined) return void this.#socket.destroy()
    _readableState.errored = null
    if (!this.#isPaused) this.#socket.resume()
  }

  #close(): void {
    if (this.#isEnded) return
    this.#isPaused = false
    this.#deliver()
    this.#isEnded = true
    this.onFrame(undefined)
  }
}

/** Internal state of a socket in Node 20 to 26. */
interface StreamStates {
  readonly _readableState?: { autoDestroy: boolean; errored: Error | null }
  readonly _writableState?: { autoDestroy: boolean }
}

/**
 * Keeps a socket readable after a write has failed. A member writes its last values and ends. If something is written to it at this moment,
 * Node destroys the socket because of EPIPE, and drops the values that have not been read. The handler of `end` destroys it instead.
 */
function keepAfterFailedWrite(socket: Socket): void {
  const { _readableState, _writableState } = socket as unknown as StreamStates
  if (_readableState !== undefined) _readableState.autoDestroy = false
  if (_writableState !== undefined) _writableState.autoDestroy = false
}
