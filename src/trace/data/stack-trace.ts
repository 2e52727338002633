import { internString } from '../../base/strings/intern-string.js'
import { truncatable } from './truncatable.js'

const MAX_FRAMES = 128
/** Approximate memory of a frame. */
const FRAME_BYTES = 150
/** Longer stacks are cut before they are read. */
const MAX_STACK_LENGTH = 65_536
// "    at function (file:line:column)" and "    at file:line:column"; every part is bounded by the line.
const LOCATION = /^(.*):(\d+):(\d+)$/

export interface StackFrame {
  readonly functionName: string
  readonly fileName: string
  readonly lineNumber: number
  readonly columnNumber: number
}

function frameOf(line: string): StackFrame | undefined {
  const text = line.trim()
  if (!text.startsWith('at ')) return undefined
  const open = text.lastIndexOf(' (')
  const inParentheses = open > 0 && text.endsWith(')')
  const place = inParentheses ? text.slice(open + 2, -1) : text.slice(3)
  const match = LOCATION.exec(place)
  return Object.freeze({
    functionName: inParentheses ? text.slice(3, open) : '<anonymous>',
    fileName: match?.[1] ?? place,
    lineNumber: Number(match?.[2] ?? 0),
    columnNumber: Number(match?.[3] ?? 0),
  })
}

// FNV-1a: the id only has to distinguish the stacks of one trace.
function hashOf(frames: readonly StackFrame[]): number {
  let hash = 0x811c9dc5
  for (const frame of frames) {
    const text = `${frame.functionName}\n${frame.fileName}\n${frame.lineNumber}\n${frame.columnNumber}\n`
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0
}

/**
 * A stack trace of up to 128 frames. Of a longer list the last ones are kept; frames that are added later are dropped. Both are counted.
 */
export class StackTrace {
  readonly #frames: StackFrame[]
  #droppedFrames: number
  /** The `stack` of an error until a frame is needed, because reading the frames takes longer than the rest of a span. */
  #unread: string | undefined

  constructor(frames: readonly StackFrame[] = []) {
    this.#frames = frames.slice(-MAX_FRAMES)
    this.#droppedFrames = frames.length - this.#frames.length
  }

  /** The frames of an error's `stack`. Returns undefined if it has none. Never throws. */
  static fromError(thrown: unknown): StackTrace | undefined {
    try {
      const stack = (thrown as { stack?: unknown } | null | undefined)?.stack
      if (typeof stack !== 'string') return undefined
      const trace = new StackTrace()
      // The frames are slices of this string, and would keep all of it in memory.
      trace.#unread = stack.length > MAX_STACK_LENGTH ? internString(stack.slice(0, MAX_STACK_LENGTH)) : stack
      return trace
    } catch {
      return undefined
    }
  }

  get frames(): readonly StackFrame[] {
    return this.#readFrames().slice()
  }

  get droppedFrames(): number {
    this.#readFrames()
    return this.#droppedFrames
  }

  /** Approximate memory, without reading frames. @internal */
  get textBytes(): number {
    return this.#unread?.length ?? this.#frames.length * FRAME_BYTES
  }

  /** The same for equal stacks. */
  get hashId(): number {
    return hashOf(this.#readFrames())
  }

  /** Adds a frame at the end. Frames beyond the limit are dropped and counted. */
  addFrame(frame: StackFrame): void {
    const frames = this.#readFrames()
    if (frames.length < MAX_FRAMES) frames.push(frame)
    else this.#droppedFrames++
  }

  #readFrames(): StackFrame[] {
    const lines = this.#unread?.split('\n') ?? []
    this.#unread = undefined
    for (const line of lines) {
      const frame = frameOf(line)
      if (frame !== undefined) this.addFrame(frame)
    }
    return this.#frames
  }

  toJSON(): object {
    const frame = this.#readFrames().map((each) => ({
      function_name: truncatable(each.functionName),
      original_function_name: truncatable(each.functionName),
      file_name: truncatable(each.fileName),
      line_number: each.lineNumber,
      column_number: each.columnNumber,
    }))
    return {
      ...(frame.length > 0 && { stack_frames: { frame, dropped_frames_count: this.#droppedFrames } }),
      stack_trace_hash_id: this.hashId,
    }
  }
}
