// How much a test does: a bounded amount in the daily run, the whole figure by `npm run test:long`, or a share of either: for mutants, and
// for a long run in several processes, each with its own seed: `TALLYSCOPE_SEED=1 TALLYSCOPE_TEST_SHARE=0.1 npm run test:long -- model`.
import { appendFileSync } from 'node:fs'

export const isLongRun: boolean = process.env.TALLYSCOPE_LONG === 'true'

export function amount(daily: number, whole: number): number {
  return Math.ceil((isLongRun ? whole : daily) * Number(process.env.TALLYSCOPE_TEST_SHARE ?? 1))
}

/** The seed of what is random: the same each day, another one by `TALLYSCOPE_SEED`. */
export function seed(): number {
  return Number(process.env.TALLYSCOPE_SEED ?? 20_240_229)
}

/** Reports what was seen of a goal, for the table that `npm run test:long` prints at its end. */
export function figure(goal: string, seen: string): void {
  const file = process.env.TALLYSCOPE_FIGURES
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ goal, seen })}\n`)
}
