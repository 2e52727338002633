const MAX_LENGTH = 100

/**
 * What to call a part that the application brought (a producer, an exporter, a target) in logs and counters:
 * its `name`, or else the name of its class, or else `fallback`. Never throws.
 */
export function partName(part: unknown, fallback: string): string {
  try {
    const { name, constructor } = part as { name?: unknown; constructor?: { name?: unknown } }
    const found = [name, constructor?.name].find((text) => typeof text === 'string' && text !== '' && text !== 'Object')
    return ((found as string | undefined) ?? fallback).slice(0, MAX_LENGTH)
  } catch {
    return fallback
  }
}
