// The programs in a page of documentation. A ```js block is a whole program; where a ```text block comes right after it,
// that is what the program prints. A program whose first line is `// node --flags app.js` is run with these flags, and a block
// with a name, such as ```json tallyscope.json, is a file beside the programs that come after it. Run with pages as arguments (`npm run docs`) it writes anew what they print.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `outputLines` is where the output stands: from the first to before the second of these lines, counted from 0.
 * @param {string} text
 * @returns {{ line: number, code: string, flags: string[], files: { name: string, text: string }[], output: string | undefined, outputLines: [number, number] }[]}
 */
export function markdownPrograms(text) {
  const lines = text.split('\n')
  const body = (block) => lines.slice(block.start, block.end).join('\n')
  const blocks = []
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w*)(?: ([\w.-]+))?\s*$/.exec(lines[at])
    if (fence === null) continue
    const start = at + 1
    do at++
    while (at < lines.length && lines[at] !== '```')
    blocks.push({ language: fence[1], name: fence[2], start, end: at })
  }
  return blocks.flatMap((block, index) => {
    if (block.language !== 'js') return []
    const next = blocks[index + 1]
    const printed = next?.language === 'text' && lines.slice(block.end + 1, next.start - 1).every((line) => line.trim() === '')
    return [
      {
        line: block.start,
        code: body(block),
        flags: (/^\/\/ node (--.*) \S+$/.exec(lines[block.start])?.[1] ?? '').split(' ').filter((flag) => flag !== ''),
        files: blocks.slice(0, index).flatMap((each) => (each.name === undefined ? [] : [{ name: each.name, text: body(each) }])),
        output: printed ? body(next) : undefined,
        outputLines: printed ? [next.start, next.end] : [0, 0],
      },
    ]
  })
}

/** The page with every output as it is now. */
function withRealOutput(page, text, folder) {
  const lines = text.split('\n')
  for (const { line, code, flags, files, output, outputLines } of markdownPrograms(text).reverse()) {
    const file = join(folder, `${line}.mjs`)
    writeFileSync(file, code)
    for (const beside of files) writeFileSync(join(folder, beside.name), beside.text)
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, file], { cwd: folder, encoding: 'utf8', timeout: 20_000 })
    if (stderr !== '') console.error(`${page}:${line}\n${stderr}`)
    if (status !== 0) process.exitCode = 1
    else if (output !== undefined) lines.splice(outputLines[0], outputLines[1] - outputLines[0], ...stdout.trimEnd().split('\n'))
  }
  return lines.join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Inside the checkout, so that the programs import the package by its own name.
  const folder = fileURLToPath(new URL(`../.run/docs-${process.pid}/`, import.meta.url))
  mkdirSync(folder, { recursive: true })
  try {
    for (const page of process.argv.slice(2)) writeFileSync(page, withRealOutput(page, readFileSync(page, 'utf8'), folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
