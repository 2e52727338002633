// @ts-check
// Writes docs/performance.md and bench/notes/results.md: node bench/write-docs.js results-20.json results-24.json
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { performancePage, resultsPage } from './docs-page.js'

const paths = process.argv.slice(2)
if (paths.length === 0) throw new Error('name the files that npm run bench -- --check --json=file has written')
const runs = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')))
for (const [page, content] of Object.entries({
  'docs/performance.md': performancePage(runs),
  'bench/notes/results.md': resultsPage(runs),
})) {
  writeFileSync(fileURLToPath(new URL(`../${page}`, import.meta.url)), content)
  console.log(page)
}
