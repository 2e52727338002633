import { describe, expect, test } from 'vitest'
import { B3Propagator } from '../../../src/trace/propagation/b3.js'
import { parseBaggage } from '../../../src/trace/propagation/baggage.js'
import { BinaryPropagator } from '../../../src/trace/propagation/binary.js'
import { getterOf } from '../../../src/trace/propagation/carrier.js'
import { CompositePropagator } from '../../../src/trace/propagation/composite.js'
import { GoogleCloudPropagator } from '../../../src/trace/propagation/google-cloud.js'
import { TextMapPropagator } from '../../../src/trace/propagation/text-map.js'
import { TraceContextPropagator } from '../../../src/trace/propagation/trace-context.js'

const SIZE = 65_536
const UNITS = ['0', '-', ',', '=', 'a=1,', '%', '%E0,', ' ', 'f-', '1/', ';o=', 'é']

/** The shortest of 30 times: the others are those in which the machine did something else. */
function fastest(run: () => void): number {
  const times = Array.from({ length: 30 }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return Math.min(...times)
}

const propagators = [
  new TraceContextPropagator(),
  new B3Propagator(),
  new B3Propagator({ single: true }),
  new GoogleCloudPropagator(),
  new BinaryPropagator(),
  new TextMapPropagator(),
]

describe.each(UNITS)('64 kB of "%s" take less than a millisecond', (unit) => {
  const text = unit.repeat(SIZE / unit.length)

  test('in the headers of every format', () => {
    const names = new CompositePropagator(propagators).fields
    const get = getterOf(Object.fromEntries([...names, 'tracestate'].map((name) => [name, text])))
    for (const propagator of propagators) expect(fastest(() => propagator.extract(get))).toBeLessThan(1)
  })

  test('behind a valid traceparent, as tracestate', () => {
    const get = getterOf({ traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`, tracestate: text })
    expect(fastest(() => new TraceContextPropagator().extract(get))).toBeLessThan(1)
  })

  test('as baggage', () => {
    expect(fastest(() => parseBaggage(text))).toBeLessThan(1)
  })
})
