import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'

const MAX_SOURCE_BYTES = 4 << 20
const PATH_START = /file:\/\/|\/|[A-Za-z]:\\/
const LINE_AND_COLUMN = /:(\d+):(\d+)\)?$/

/**
 * Formats an uncaught error as Node prints it, for hooks that delay the end of the process: the source line, the error with its stack, and
 * the version of Node. Node prints the line of the `throw`. This function cannot know it, and prints the line where the error was created,
 * which is usually the same.
 */
export function formatUncaughtError(error: unknown): string {
  return `${textOf(error)}\n\nNode.js ${process.version}\n`
}

function textOf(error: unknown): string {
  try {
    if (error instanceof Error) return `${excerpt(error)}${inspect(error)}`
    const isObject = (typeof error === 'object' && error !== null) || typeof error === 'function'
    if (isObject) return `\n${inspect(error)}`
    return `\n${String(error)}\n(Use \`node --trace-uncaught ...\` to show where the exception was thrown)`
  } catch {
    return '\nan error that cannot be read'
  }
}

/** Position, source line and marker of the first stack frame; empty if the source cannot be read. */
function excerpt({ stack }: Error): string {
  const frame = stack?.split('\n').find((each) => each.startsWith('    at ')) ?? ''
  const start = frame.search(PATH_START)
  const end = LINE_AND_COLUMN.exec(frame)
  if (start < 0 || end === null || end.index <= start) return ''
  const place = frame.slice(start, end.index)
  const [, line, column] = end
  try {
    const path = place.startsWith('file:') ? fileURLToPath(place) : place
    if (statSync(path).size > MAX_SOURCE_BYTES) return ''
    const source = readFileSync(path, 'utf8').split('\n')[Number(line) - 1]
    if (source === undefined) return ''
    const thrown = source.lastIndexOf('throw ', Number(column))
    return `${place}:${line}\n${source}\n${' '.repeat(thrown >= 0 ? thrown : Number(column) - 1)}^\n\n`
  } catch {
    return ''
  }
}
