/** The position of the first error in a JSON string, as `line 3, column 7`. The string is not quoted, since it may be a secret. */
export function jsonFault(text: string): string {
  let valid = 0
  let invalid = text.length + 1
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if (isBeginning(text.slice(0, middle))) valid = middle
    else invalid = middle
  }
  const lines = text.slice(0, valid).split('\n')
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`
}

/** True if a string is JSON, or can be completed to JSON. */
function isBeginning(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as Error
    if (/end of JSON input|^Unterminated string/.test(message)) return true
    const position = /at position (\d+)/.exec(message)?.[1]
    return position !== undefined && Number(position) >= text.length
  }
}
