// Finds the programs in a page of documentation. A ```js block is a whole program; where a ```text block comes right after it,
// that is what the program prints.

/** @returns {{ line: number, code: string, output: string | undefined }[]} */
export function markdownPrograms(text) {
  const blocks = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w*)\s*$/.exec(lines[at])
    if (fence === null) continue
    const start = at + 1
    do at++
    while (at < lines.length && lines[at] !== '```')
    blocks.push({ language: fence[1], start, end: at, body: `${lines.slice(start, at).join('\n')}\n` })
  }
  return blocks.flatMap(({ language, start, end, body }, index) => {
    if (language !== 'js') return []
    const next = blocks[index + 1]
    const between = next === undefined ? ['x'] : lines.slice(end + 1, next.start - 1)
    const printed = next?.language === 'text' && between.every((line) => line.trim() === '')
    return [{ line: start, code: body, output: printed ? next.body : undefined }]
  })
}
