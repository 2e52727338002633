import { setImmediate as immediately, setTimeout as later } from 'node:timers/promises'
import { createServer } from 'node:http'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { paths, traced } from '../tracer-fixture.js'

test('a span in a callback is a child of the enclosing one, over await too', async () => {
  const { tracer, sent } = traced()
  await tracer.span('parent', async () => {
    await immediately()
    await tracer.span('child', async () => {
      await immediately()
      tracer.span('grandchild', () => {})
    })
    tracer.span('sibling', () => {})
  })
  expect(paths(sent)).toEqual(['parent', 'parent/child', 'parent/child/grandchild', 'parent/sibling'])
  expect(new Set(sent.map((span) => span.traceId)).size).toBe(1)
})

test('siblings under Promise.all have the same parent in the callback form', async () => {
  const { tracer, sent } = traced()
  await tracer.span('parent', () =>
    Promise.all(
      ['a', 'b', 'c'].map((name) =>
        tracer.span(name, async () => {
          await later(name === 'a' ? 5 : 1)
          await tracer.span(`in ${name}`, async () => immediately())
        }),
      ),
    ),
  )
  expect(paths(sent)).toEqual(['parent', 'parent/a', 'parent/a/in a', 'parent/b', 'parent/b/in b', 'parent/c', 'parent/c/in c'])
})

test('siblings under Promise.all have the same parent as detached spans', async () => {
  const { tracer, sent } = traced()
  await tracer.span('parent', () =>
    Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const span = tracer.startDetachedSpan(name)
        await immediately()
        span.end()
      }),
    ),
  )
  expect(paths(sent)).toEqual(['parent', 'parent/a', 'parent/b', 'parent/c'])
})

test('startSpan and endSpan can be nested', () => {
  const { tracer, sent } = traced()
  tracer.startSpan('outer')
  tracer.startSpan('inner')
  tracer.endSpan()
  tracer.startSpan('second')
  tracer.endSpan()
  tracer.endSpan()
  expect(tracer.currentSpan()).toBeUndefined()
  expect(paths(sent)).toEqual(['outer', 'outer/inner', 'outer/second'])
})

test('awaiting one imperative function after another leaves no closed span current', async () => {
  const { tracer, sent } = traced()
  const work = async (name: string) => {
    const span = tracer.startSpan(name)
    await immediately()
    span.end()
  }
  await tracer.span('parent', async () => {
    await work('first')
    await work('second')
    tracer.span('third', () => {})
  })
  expect(paths(sent)).toEqual(['parent', 'parent/first', 'parent/second', 'parent/third'])
})

test('several imperative spans started in sequence form a chain: the documented limit', async () => {
  const { tracer, sent } = traced()
  const work = async (name: string) => {
    const span = tracer.startSpan(name)
    await immediately()
    span.end()
  }
  await tracer.span('parent', () => Promise.all([work('a'), work('b')]))
  expect(paths(sent)).toEqual(['parent', 'parent/a', 'parent/a/b'])
})

test('imperative spans that await before they start are siblings', async () => {
  const { tracer, sent } = traced()
  const work = async (name: string) => {
    await immediately()
    const span = tracer.startSpan(name)
    await immediately()
    span.end()
  }
  await tracer.span('parent', () => Promise.all([work('a'), work('b')]))
  expect(paths(sent)).toEqual(['parent', 'parent/a', 'parent/b'])
})

test('ending out of order skips ended spans', () => {
  const { tracer, sent } = traced()
  const a = tracer.startSpan('a')
  const b = tracer.startSpan('b')
  const c = tracer.startSpan('c')
  b.end()
  expect(tracer.currentSpan()).toBe(c)
  c.end()
  expect(tracer.currentSpan()).toBe(a)
  a.end()
  expect(tracer.currentSpan()).toBeUndefined()
  expect(paths(sent)).toEqual(['a', 'a/b', 'a/b/c'])
})

test('work scheduled in a callback keeps its parent after the span has ended', async () => {
  const { tracer, sent } = traced()
  const done = tracer.span('parent', () => ({ late: later(5).then(() => tracer.span('late', () => {})) }))
  await done.late
  expect(paths(sent)).toEqual(['parent', 'parent/late'])
})

test('a task that restarts itself in its own imperative scope forms no chain', async () => {
  const { tracer, sent } = traced()
  for (let round = 0; round < 50; round++) {
    const span = tracer.startSpan('round')
    await immediately()
    span.end()
  }
  expect(sent.every((span) => span.parentSpanId === undefined)).toBe(true)
})

test('requests on one kept-alive connection do not inherit a span that was closed in a timer', async () => {
  const { tracer, sent } = traced()
  const server = createServer((_request, response) => {
    const span = tracer.startSpan('request')
    setTimeout(() => {
      span.end()
      response.end('ok')
    }, 1)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { port } = server.address() as AddressInfo
  for (let round = 0; round < 3; round++) {
    await new Promise<void>((resolve, reject) => {
      request({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end()
    })
  }
  agent.destroy()
  await new Promise((resolve) => server.close(resolve))
  expect(sent.map((span) => span.parentSpanId)).toEqual([undefined, undefined, undefined])
  expect(new Set(sent.map((span) => span.traceId)).size).toBe(3)
})

test('two tracers are independent, and each has its own current span', () => {
  const one = traced()
  const two = traced()
  one.tracer.span('one', (outer) => {
    expect(two.tracer.currentSpan()).toBeUndefined()
    two.tracer.span('two', (inner) => {
      expect(one.tracer.currentSpan()).toBe(outer)
      expect(two.tracer.currentSpan()).toBe(inner)
      one.tracer.span('deeper', () => {})
    })
  })
  expect(paths(one.sent)).toEqual(['one', 'one/deeper'])
  expect(paths(two.sent)).toEqual(['two'])
})

test('`using` ends the span with the block', () => {
  const { tracer, sent } = traced()
  {
    using span = tracer.span('block')
    span.addAttribute('k', 1)
    expect(tracer.currentSpan()).toBe(span)
  }
  expect(tracer.currentSpan()).toBeUndefined()
  expect(sent).toHaveLength(1)
})

test('withSpan makes a span current and leaves it open', () => {
  const { tracer, sent } = traced()
  const span = tracer.startDetachedSpan('detached')
  expect(tracer.currentSpan()).toBeUndefined()
  tracer.withSpan(span, () => {
    expect(tracer.currentSpan()).toBe(span)
    tracer.span('child', () => {})
  })
  expect(span.ended).toBe(false)
  span.end()
  expect(paths(sent)).toEqual(['detached', 'detached/child'])
})
