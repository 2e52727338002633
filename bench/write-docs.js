// @ts-check
// Writes docs/performance.md from the results of a run: node bench/write-docs.js results.json
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { performancePage } from './docs-page.js'

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('give the file that npm run bench -- --full --json=file has written')
const results = JSON.parse(readFileSync(path, 'utf8'))
const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
writeFileSync(page, performancePage(results))
console.log(page)
