import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { overruled } from './overruled.js'

/** What a case comes to: a value, or a refusal, whose kind is free. */
export type Outcome = { readonly value: unknown } | { readonly error: true }

export interface VectorCase<In = unknown> {
  readonly id: string
  readonly in: In
  readonly expect: Outcome | { readonly any: readonly Outcome[] }
  /** `must`, `should`, `choice` (each outcome listed is fine), `info` (a fact about one implementation). */
  readonly level: 'must' | 'should' | 'choice' | 'info'
}

interface VectorGroup {
  readonly group: string
  readonly about: string
  readonly cases: readonly VectorCase[]
}

const document = JSON.parse(readFileSync(new URL('./opencensus.json', import.meta.url), 'utf8')) as { groups: VectorGroup[] }

export const vectorGroups: ReadonlyMap<string, VectorGroup> = new Map(document.groups.map((group) => [group.group, group]))

/** The cases of one group; `In` is the shape that the group's description gives. */
export function vectorCases<In = unknown>(group: string): readonly VectorCase<In>[] {
  const found = vectorGroups.get(group)
  if (found === undefined) throw new Error(`no group ${group} in the vectors`)
  return found.cases as readonly VectorCase<In>[]
}

export function acceptedOutcomes(vector: VectorCase): readonly Outcome[] {
  return 'any' in vector.expect ? vector.expect.any : [vector.expect]
}

/**
 * Runs every case of a group. `run` gives the value, and throws or calls {@link refused} where the input is refused.
 * A case that a decision overrules must come to what the decision says, and that must differ from the vector.
 */
export function runVectors<In>(group: string, run: (input: In) => unknown): void {
  describe(group, () => {
    for (const vector of vectorCases<In>(group)) {
      const decision = overruled[vector.id]
      test(decision === undefined ? vector.id : `${vector.id}, overruled: ${decision.reason}`, async () => {
        const outcome = await outcomeOf(() => run(vector.in))
        const accepted = decision === undefined ? acceptedOutcomes(vector) : [decision.ours]
        if (!accepted.some((wanted) => agree(wanted, outcome))) {
          expect(outcome, `${vector.id} with ${JSON.stringify(vector.in)}`).toEqual(accepted.length === 1 ? accepted[0] : { any: accepted })
        }
      })
    }
  })
}

/** For interfaces that answer undefined or false instead of throwing. */
export function refused(): never {
  throw new Error('refused')
}

async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { value: await run() }
  } catch {
    return { error: true }
  }
}

/** Equal as JSON, numbers within 1e-9 of each other. */
export function agree(wanted: unknown, found: unknown): boolean {
  if (typeof wanted === 'number' && typeof found === 'number') {
    return wanted === found || Math.abs(wanted - found) <= 1e-9 * Math.max(Math.abs(wanted), Math.abs(found))
  }
  if (Array.isArray(wanted)) {
    return Array.isArray(found) && wanted.length === found.length && wanted.every((item, at) => agree(item, found[at]))
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return false
    const [ours, theirs] = [found as Record<string, unknown>, wanted as Record<string, unknown>]
    const keys = new Set([...Object.keys(theirs), ...Object.keys(ours).filter((key) => ours[key] !== undefined)])
    return [...keys].every((key) => agree(theirs[key], ours[key]))
  }
  return wanted === found
}
