import { internString } from '../../base/intern-string.js'
import { truncatable } from './truncatable.js'

const MAX_FRAMES = 128
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

  constructor(frames: readonly StackFrame[] = []) {
    this.#frames = frames.slice(-MAX_FRAMES)
    this.#droppedFrames = frames.length - this.#frames.length
  }

  /** Reads the frames of an error's `stack`. Returns undefined if it has none. Never throws. */
  static fromError(thrown: unknown): StackTrace | undefined {
    try {
      const stack = (thrown as { stack?: unknown } | null | undefined)?.stack
      if (typeof stack !== 'string') return undefined
      const trace = new StackTrace()
      // The frames are slices of this string, and would keep all of it in memory.
      const text = stack.length > MAX_STACK_LENGTH ? internString(stack.slice(0, MAX_STACK_LENGTH)) : stack
      for (const line of text.split('\n')) {
        const frame = frameOf(line)
        if (frame !== undefined) trace.addFrame(frame)
      }
      return trace
    } catch {
      return undefined
    }
  }

  get frames(): readonly StackFrame[] {
    return this.#frames.slice()
  }

  get droppedFrames(): number {
    return this.#droppedFrames
  }

  /** The same for equal stacks. */
  get hashId(): number {
    return hashOf(this.#frames)
  }

  /** Adds a frame at the end. Frames beyond the limit are dropped and counted. */
  addFrame(frame: StackFrame): void {
    if (this.#frames.length < MAX_FRAMES) this.#frames.push(frame)
    else this.#droppedFrames++
  }

  toJSON(): object {
    const frame = this.#frames.map((each) => ({
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
