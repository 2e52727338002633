/** The position of the first error in a JSON string, as `line 3, column 7`. The string is not quoted, since it may be a secret. */
export function jsonFault(text: string): string {
  const lines = text.slice(0, parsedLength(text) ?? longestBeginning(text)).split('\n')
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`
}

/** The length of the longest beginning that can be completed to JSON: for errors whose message has no position. */
function longestBeginning(text: string): number {
  let valid = 0
  let invalid = text.length + 1
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if ((parsedLength(text.slice(0, middle)) ?? -1) >= middle) valid = middle
    else invalid = middle
  }
  return valid
}

/** How much of a string the parser has read: all if it is JSON or can be completed to JSON. Undefined if its message has no position. */
function parsedLength(text: string): number | undefined {
  try {
    JSON.parse(text)
    return text.length
  } catch (error) {
    const { message } = error as Error
    if (/end of JSON input|^Unterminated string/.test(message)) return text.length
    const position = /at position (\d+)/.exec(message)?.[1]
    return position === undefined ? undefined : Number(position)
  }
}
