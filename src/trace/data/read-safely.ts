import { refusedValues } from './span-metrics.js'

/** Reads what a caller gave, whose getters may throw; undefined, and counted, if they do. */
export function readSafely<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    refusedValues.value++
    return undefined
  }
}
