import { internalMetrics } from '../../../src/base/internal-metrics.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { randomNumbers } from '../../exporters/random.js'

const fails = (): never => {
  throw new Error('no')
} // prettier-ignore
const { proxy, revoke } = Proxy.revocable({}, {})
revoke()
export const revoked: object = proxy

/** What one of the library's own families counts for whatever begins with these labels. */
export function counted(family: string, first: string): number {
  const series = internalMetrics.get(family)?.series.values() ?? []
  return [...series].reduce((all, { labelValues, count: { value } }) => (labelValues[0] === first ? all + value : all), 0)
}

/** Garbage of every kind, the same for the same seed. */
export function garbage(seed: number) {
  const random = randomNumbers(seed)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
  const number = () =>
    pick([
      0,
      -0,
      1,
      7,
      0.5,
      1.5,
      -1,
      -2.5,
      1e-300,
      5e-324,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 53,
      1e300,
      Number.MAX_VALUE,
      -Number.MAX_VALUE,
      NaN,
      Infinity,
      -Infinity,
    ])
  const text = () =>
    pick([
      '',
      'GET',
      '/cart',
      '__proto__',
      'constructor',
      'a,b',
      'a|b',
      '\0',
      '\ud800',
      '\u{1f600}',
      'x'.repeat(300),
      'le="1"} 1\n',
      `v${Math.floor(random() * 40)}`,
    ])
  const odd = () =>
    pick<unknown>([
      undefined,
      null,
      true,
      false,
      5n,
      -5n,
      2n ** 64n,
      '5',
      'NaN',
      {},
      [],
      () => 1,
      Symbol('s'),
      new Date(0),
      new Number(1),
      { valueOf: fails, toString: fails },
      revoked,
    ])
  const value = () => (random() < 0.7 ? number() : random() < 0.5 ? random() * 100 : odd())
  const tagValue = () => (random() < 0.6 ? text() : random() < 0.5 ? number() : odd())
  const kept = Array.from({ length: 30 }, () => TagMap.of({ a: text(), b: text() }))
  const tags = (): unknown => {
    switch (Math.floor(random() * 12)) {
      case 0:
        return odd()
      case 1:
        return {
          get a() {
            return fails()
          },
          b: tagValue(),
        } // prettier-ignore
      case 2:
        return {
          a: tagValue(),
          get b() {
            return random() < 0.5 ? fails() : tagValue()
          },
        } // prettier-ignore
      case 3:
        return new Proxy({ a: 'x' }, random() < 0.5 ? {} : { get: fails })
      case 4:
        return Object.create({ a: tagValue(), b: tagValue() }) as object
      case 5:
        return JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":"x"}')
      case 6:
      case 7:
        return pick(kept)
      case 8:
        return undefined
      default:
        return { a: tagValue(), b: tagValue() }
    }
  }
  const attachments = (): unknown =>
    random() < 0.9
      ? undefined
      : pick<unknown>([
          { trace_id: 'x' },
          {},
          { a: odd() },
          null,
          7,
          'text',
          [1],
          revoked,
          {
            get a() {
              return fails()
            },
          },
          { ['k'.repeat(999)]: 'x' },
          JSON.parse('{"__proto__":"x"}'),
        ]) // prettier-ignore
  return { random, pick, value, tags, attachments, tagMap: () => pick(kept) }
}
