import { SpanContext } from '../../../src/trace/context/span-context.js'
import { SpanData } from '../../../src/trace/data/span-data.js'
import { SpanKind } from '../../../src/trace/data/span-kind.js'
import { Status } from '../../../src/trace/data/status.js'

const START = Date.UTC(2026, 0, 2)

/** A batch of 1 to 50 made-up spans: hostile strings, any numbers, children of all kinds. */
export function randomSpans(random: () => number): SpanData[] {
  const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)]!
  const hex = (digits: number): string => Array.from({ length: digits }, () => pick(...'123456789abcdef')).join('')
  const text = (): string => pick('', 'a', '😀', '\ud800', '\u0000', 'x'.repeat(200), '"\\\n')
  const value = (): unknown => pick<unknown>(text(), 0, -1, 2 ** 53 - 1, 1e300, Number.NaN, -Infinity, true, false, 0.1)
  const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
  const attributes = (): Record<string, unknown> => Object.fromEntries(times(pick(0, 1, 5), (i) => [`k${i}`, value()]))
  return times(pick(1, 3, 50), () => {
    const parent = pick<object>(
      {},
      { parentSpanId: hex(16) },
      { parentSpanId: hex(16), sameProcessAsParentSpan: true },
      { parentSpanId: hex(16), sameProcessAsParentSpan: false },
    )
    return SpanData.from({
      name: text(),
      context: new SpanContext({ traceId: hex(32), spanId: hex(16), options: pick(0, 1, 3) }),
      kind: pick(SpanKind.UNSPECIFIED, SpanKind.SERVER, SpanKind.CLIENT),
      ...parent,
      startTimeUnixMs: START + Math.floor(random() * 1e6) / 1024,
      endTimeUnixMs: START + 1e6 + random() * 1e6,
      attributes: attributes(),
      annotations: times(pick(0, 2), () => ({ timeUnixMs: START + random(), description: text(), attributes: attributes() })),
      messageEvents: times(pick(0, 1), () => ({ id: pick<string | number>('m', 1), type: pick(0, 1, 2), timeUnixMs: START })),
      links: times(pick(0, 1), () => ({ traceId: hex(32), spanId: hex(16), type: pick(0, 1, 2), attributes: attributes() })),
      status: new Status(pick(0, 2, 13), text()),
    })
  })
}
