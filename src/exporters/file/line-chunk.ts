/** The whole lines from `from` on for one write: at most `limit` bytes, but at least one line. */
export function nextChunk(lines: readonly Buffer[], from: number, limit: number): { readonly bytes: Buffer; readonly lines: number } {
  let size = lines[from]!.length
  let to = from + 1
  while (to < lines.length && size + lines[to]!.length <= limit) size += lines[to++]!.length
  return { bytes: to - from === 1 ? lines[from]! : Buffer.concat(lines.slice(from, to), size), lines: to - from }
}

/** The number of lines that are completely within the first `bytes` bytes. */
export function wholeLines(lines: readonly Buffer[], from: number, bytes: number): number {
  let whole = 0
  let rest = bytes
  while (from + whole < lines.length && rest >= lines[from + whole]!.length) rest -= lines[from + whole++]!.length
  return whole
}
