import { refusedValues } from './span-metrics.js'

/** Calls `read`, which reads a caller's object. If a getter throws, that is counted and the result is undefined. */
export function readSafely<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    refusedValues.value++
    return undefined
  }
}
