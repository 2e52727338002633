// Prints `passed failed skipped` from vitest's JSON results. No results, or no test in them, is one failure.
import { existsSync, readFileSync } from 'node:fs'

function totals(path) {
  if (path === undefined || !existsSync(path)) return [0, 1, 0]
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = JSON.parse(readFileSync(path, 'utf8'))
  if (numPassedTests + numFailedTests === 0) return [0, 1, numPendingTests]
  return [numPassedTests, numFailedTests, numPendingTests + numTodoTests]
}

console.log(totals(process.argv[2]).join(' '))
