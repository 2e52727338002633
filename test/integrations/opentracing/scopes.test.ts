import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { Agent, createServer, request, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, StatusCode, Tracer } from 'tallyscope'
import { traceLogFields } from 'tallyscope/logging'
import { OpenTracingTracer, type Scope, type ScopeManager } from 'tallyscope/opentracing'

function setUp() {
  const exporter = new MemoryExporter<SpanData>()
  const native = new Tracer({ sampler: new AlwaysOnSampler(), exporter })
  const tracer = new OpenTracingTracer({ tracer: native })
  /** Every finished span as `name < its parent's name`, sorted. */
  const tree = () => {
    const names = new Map(exporter.items.map(({ spanId, name }) => [spanId, name]))
    return exporter.items.map(({ name, parentSpanId }) => `${name} < ${names.get(parentSpanId ?? '') ?? parentSpanId ?? 'root'}`).sort()
  }
  return { tracer, native, exporter, tree }
}

test('a span stays active in callbacks, promises, timers and event emitters', async () => {
  const { tracer, native } = setUp()
  expect([tracer.activeSpan, tracer.scopeManager.active]).toEqual([null, null])
  await tracer.startActiveSpan('outer', async (span) => {
    const isActive = () => {
      expect(tracer.activeSpan).toBe(span)
      expect(tracer.scopeManager.active!.span).toBe(span)
      expect(tracer.scopeManager.active!.manager).toBe(tracer.scopeManager)
      expect(native.currentSpan()).toBe(span.nativeSpan)
      expect(traceLogFields()).toMatchObject({ span_id: span.context().toSpanId() })
    }
    isActive()
    await null
    isActive()
    await new Promise<void>((resolve) => setTimeout(() => (isActive(), resolve()), 1))
    await new Promise<void>((resolve) => setImmediate(() => (isActive(), resolve())))
    await new Promise<void>((resolve) => process.nextTick(() => (isActive(), resolve())))
    const emitter = new EventEmitter()
    emitter.on('event', isActive)
    emitter.emit('event')
    isActive()
  })
  expect(tracer.activeSpan).toBeNull()
})

test('later spans inherit no baggage of a closed scope, but that of the scope around it', async () => {
  const { tracer, native } = setUp()
  const baggageHere = () => [...native.span('native', () => tracer.startSpan('x').context().baggage.keys())]
  const opensAndCloses = async (key: string): Promise<void> => {
    const scope = tracer.scopeManager.activate(tracer.startSpan('job').setBaggageItem(key, '1'), true)
    await null
    expect([...tracer.startSpan('x').context().baggage.keys()]).toContain(key)
    expect(baggageHere()).toContain(key)
    scope.close()
  }
  await opensAndCloses('tenant') // the caller's context still holds the scope
  expect([[...tracer.startSpan('x').context().baggage.keys()], baggageHere()]).toEqual([[], []])
  await tracer.scopeManager.with(tracer.startSpan('around').setBaggageItem('around', '1'), true, async () => {
    for (const key of ['a', 'b']) await opensAndCloses(key)
    expect(baggageHere()).toEqual(['around'])
  })
})

test('children of a parent from another process do not inherit baggage of the scope around it', () => {
  const { tracer, native } = setUp()
  tracer.scopeManager.with(tracer.startSpan('outer').setBaggageItem('tenant', 'acme'), true, () => {
    native.withRemoteParent(undefined, () => {
      const inner = native.span('server', () => tracer.startSpan('inner'))
      expect([inner.getBaggageItem('tenant'), tracer.startSpan('root').getBaggageItem('tenant')]).toEqual([undefined, undefined])
    })
  })
})

test('a span of the native tracer is active too, always as the same object, and its children inherit baggage', () => {
  const { tracer, native, tree } = setUp()
  tracer.startActiveSpan('opentracing', (outer) => {
    expect(outer.setBaggageItem('late', '1').getBaggageItem('late')).toBe('1')
    native.span('native', (span) => {
      expect(tracer.activeSpan).toBe(tracer.activeSpan)
      expect(tracer.activeSpan!.context().toSpanId()).toBe(span.spanId)
      tracer.startSpan('inner').finish()
    })
  })
  const carrying = tracer.startSpan('carrying').setBaggageItem('a', '1')
  tracer.scopeManager.with(carrying, true, () =>
    native.span('between', () => {
      expect(tracer.activeSpan!.getBaggageItem('a')).toBe('1')
      expect(tracer.startSpan('x').getBaggageItem('a')).toBe('1')
      tracer.scopeManager.withoutActive(() => expect(tracer.startSpan('x').getBaggageItem('a')).toBeUndefined())
    }),
  )
  expect(tree()).toEqual(['between < carrying', 'carrying < root', 'inner < native', 'native < opentracing', 'opentracing < root'])
})

test('finish() of the native tracer ends a span that an open scope holds, once', async () => {
  const { tracer, native } = setUp()
  const span = native.startSpan('imperative')
  let ends = 0
  const end = span.end.bind(span)
  span.end = () => (++ends > 5 ? expect.unreachable() : end()) // without an end, the loop would not leave this turn
  const scope = tracer.scopeManager.activate(tracer.activeSpan!, false)
  await native.finish()
  scope.close()
  expect([ends, span.ended, tracer.activeSpan]).toEqual([1, true, null])
})

test('a scope without a callback is active until it is closed, and finishes its span by default', () => {
  const { tracer, tree, exporter } = setUp()
  const outer = tracer.startActiveSpan('outer')
  const inner = tracer.startActiveSpan('inner', { finishOnClose: false })
  expect(tracer.activeSpan).toBe(inner.span)
  inner.close()
  expect(tracer.scopeManager.active).toBe(outer)
  expect(exporter.items).toEqual([])
  inner.span.finish()
  outer[Symbol.dispose]()
  outer[Symbol.dispose]()
  expect(tracer.activeSpan).toBeNull()
  expect(tree()).toEqual(['inner < outer', 'outer < root'])
})

test('a span can be active several times, and the option decides whether its scope finishes it', () => {
  const { tracer, exporter } = setUp()
  const span = tracer.startSpan('s')
  for (let i = 0; i < 2; i++) {
    const scope = tracer.scopeManager.activate(span, false)
    expect(tracer.activeSpan).toBe(span)
    scope.close()
  }
  tracer.scopeManager.with(span, false, () => {})
  expect(exporter.items.length).toBe(0)
  expect(tracer.scopeManager.with(span, true, (given) => (given === span ? 'result' : ''))).toBe('result')
  expect(exporter.items.length).toBe(1)
})

test('the active span can be ignored, but an explicit parent never is', () => {
  const { tracer, tree } = setUp()
  tracer.startActiveSpan('outer', (outer) => {
    tracer.startSpan('ignoring', { ignoreActiveSpan: true }).finish()
    tracer.startSpan('explicit', { ignoreActiveSpan: true, childOf: outer }).finish()
    tracer.scopeManager.withoutActive(() => {
      expect([tracer.activeSpan, tracer.scopeManager.active]).toEqual([null, null])
      tracer.startActiveSpan('without', () => {})
    })
  })
  expect(tree()).toEqual(['explicit < outer', 'ignoring < root', 'outer < root', 'without < root'])
})

test('errors inside a scope set the tag, the status and one log, and are rethrown', async () => {
  const { tracer, exporter } = setUp()
  const error = new TypeError('boom')
  expect(() =>
    tracer.startActiveSpan('sync', () => {
      throw error
    }),
  ).toThrow(error) // prettier-ignore
  await expect(tracer.withSpan('async', {}, async () => Promise.reject(error))).rejects.toBe(error)
  const span = tracer.startSpan('unfinished')
  expect(() =>
    tracer.scopeManager.with(span, false, () => {
      throw error
    }),
  ).toThrow(error) // prettier-ignore
  span.finish()
  for (const { attributes, status, annotations } of exporter.items) {
    expect(attributes).toEqual({ error: true })
    expect([status.code, status.message]).toEqual([StatusCode.UNKNOWN, 'boom'])
    expect(annotations.map(({ description, attributes: fields }) => [description, fields])).toEqual([
      ['error', { 'error.kind': 'TypeError', message: 'boom', stack: error.stack }],
    ])
  }
  expect(exporter.items.length).toBe(3)
})

test.each([
  ['text'],
  [undefined],
  [null],
  [7],
  [Symbol('s')],
  [
    {
      toString: () => {
        throw new Error('no')
      },
    },
  ],
  [Object.create(null)],
])('values of any type may be thrown', (thrown) => {
  const { tracer, exporter } = setUp()
  let caught: unknown = 'nothing'
  try {
    tracer.withSpan('s', () => {
      throw thrown as Error
    })
  } catch (error) {
    caught = error
  }
  expect(caught).toBe(thrown)
  expect(exporter.items[0]!.attributes).toEqual({ error: true })
  expect(exporter.items[0]!.annotations.length).toBe(1)
})

test('client and server: the client span is sent in the headers and continued by the server', async () => {
  const { tracer, tree } = setUp()
  const server = createServer((incoming, response) => {
    const childOf = tracer.extract('http_headers', incoming.headers)
    tracer.startActiveSpan('server', { childOf, tags: { 'span.kind': 'server' } }, (span) => {
      response.end(span.getBaggageItem('user'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const answer = await tracer.startActiveSpan('client', { tags: { 'span.kind': 'client' } }, async (span) => {
    const headers: Record<string, string> = {}
    tracer.inject(span.setBaggageItem('user', 'u1'), 'http_headers', headers)
    return (await fetch(`http://127.0.0.1:${port}`, { headers })).text()
  })
  server.close()
  expect(answer).toBe('u1')
  expect(tree()).toEqual(['client < root', 'server < client'])
})

test('common request handler: one handler object sees each request under its own span', async () => {
  const { tracer, tree } = setUp()
  const handler = {
    spans: new Map<object, ReturnType<typeof tracer.startSpan>>(),
    before(call: object) {
      this.spans.set(call, tracer.startSpan('send', { ignoreActiveSpan: true }))
    },
    after(call: object) {
      this.spans.get(call)!.finish()
    },
  }
  const send = async (call: object) => {
    handler.before(call)
    await sleep(1)
    handler.after(call)
  }
  await tracer.startActiveSpan('parent', () => Promise.all([send({}), send({})]))
  expect(tree()).toEqual(['parent < root', 'send < root', 'send < root'])
})

test('late finish: children continue after the parent has finished', async () => {
  const { tracer, tree } = setUp()
  const parent = tracer.startSpan('parent')
  const tasks = tracer.scopeManager.with(parent, false, () =>
    [1, 2].map(async (n) => {
      await sleep(n)
      await tracer.startActiveSpan(`task${n}`, async () => sleep(1))
    }),
  )
  parent.finish()
  await Promise.all(tasks)
  expect(tree()).toEqual(['parent < root', 'task1 < parent', 'task2 < parent'])
})

test('one listener per request: the response is handled in the span of its request', async () => {
  const { tracer, tree } = setUp()
  class Client {
    send(listener: (response: string) => void) {
      const span = tracer.startSpan('send')
      return sleep(1).then(() => tracer.scopeManager.with(span, true, () => listener('ok')))
    }
  }
  await new Client().send(() => tracer.startSpan('listener').finish())
  expect(tree()).toEqual(['listener < send', 'send < root'])
})

test('several callbacks at once are siblings', async () => {
  const { tracer, tree } = setUp()
  await tracer.startActiveSpan('parent', () =>
    Promise.all([1, 2, 3].map((n) => tracer.startActiveSpan(`task${n}`, async () => sleep(4 - n)))),
  )
  expect(tree()).toEqual(['parent < root', 'task1 < parent', 'task2 < parent', 'task3 < parent'])
})

test('nested callbacks share one span, which the last one finishes', async () => {
  const { tracer, exporter } = setUp()
  const span = tracer.startSpan('one')
  await new Promise<void>((resolve) => {
    tracer.scopeManager.with(span, false, () => {
      setTimeout(() => {
        tracer.activeSpan!.setTag('key1', '1')
        setTimeout(() => {
          tracer.activeSpan!.setTag('key2', '2')
          setTimeout(() => {
            tracer.activeSpan!.setTag('key3', '3').finish()
            resolve()
          }, 1)
        }, 1)
      }, 1)
    })
  })
  expect(exporter.items.map(({ attributes }) => attributes)).toEqual([{ key1: '1', key2: '2', key3: '3' }])
})

test('subtask propagation: a subtask of a subtask knows its parent', async () => {
  const { tracer, tree } = setUp()
  await tracer.startActiveSpan('parent', async () => {
    await sleep(1)
    await tracer.startActiveSpan('child', async () => {
      await sleep(1)
      tracer.startSpan('grandchild').finish()
    })
  })
  expect(tree()).toEqual(['child < parent', 'grandchild < child', 'parent < root'])
})

test("sequential awaits of functions that open a scope: the caller's scope is restored", async () => {
  const { tracer, tree } = setUp()
  const step = async (name: string) => {
    const scope = tracer.startActiveSpan(name)
    await sleep(1)
    tracer.startSpan(`in ${name}`).finish()
    scope.close()
  }
  const outer = tracer.startActiveSpan('outer')
  for (const name of ['a', 'b', 'c']) await step(name)
  expect(tracer.activeSpan).toBe(outer.span)
  outer.close()
  expect(tracer.activeSpan).toBeNull()
  expect(tree()).toEqual(['a < outer', 'b < outer', 'c < outer', 'in a < a', 'in b < b', 'in c < c', 'outer < root'])
})

test('requests on one kept-alive connection are separate traces', async () => {
  const { tracer, native, exporter } = setUp()
  const server = createServer((_request, response) => {
    expect([tracer.activeSpan, native.currentSpan()]).toEqual([null, undefined])
    const scope = tracer.startActiveSpan('request')
    setTimeout(() => {
      scope.close()
      response.end()
    }, 1)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let i = 0; i < 3; i++) {
    const incoming = await new Promise<IncomingMessage>((resolve) => request({ host: '127.0.0.1', port, agent }, resolve).end())
    for await (const _ of incoming.resume());
  }
  agent.destroy()
  server.close()
  expect(new Set(exporter.items.map(({ traceId }) => traceId)).size).toBe(3)
})

test('closing twice or out of order is logged once per place and is harmless', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const { tracer, exporter } = setUp()
  const outer = tracer.startActiveSpan('outer')
  const inner = tracer.startActiveSpan('inner')
  outer.close()
  expect(tracer.activeSpan).toBe(inner.span)
  for (let i = 0; i < 3; i++) inner.close()
  expect(tracer.activeSpan).toBeNull()
  tracer.startActiveSpan('bounded', (span) => {
    tracer.scopeManager.active!.close()
    expect(tracer.activeSpan).toBe(span)
  })
  expect(exporter.items.map(({ name }) => name)).toEqual(['outer', 'inner', 'bounded'])
  expect(warn.mock.calls.map(([, options]) => (options as { code: string }).code)).toEqual(Array(3).fill('TALLYSCOPE_SCOPE_MISUSE'))
  warn.mockRestore()
})

test('a scope without a span, or with a span of another tracer, is harmless', () => {
  const { tracer, native } = setUp()
  const nothing = tracer.scopeManager.activate(null as never, true)
  expect([tracer.activeSpan, native.currentSpan()]).toEqual([null, undefined])
  nothing.close()
  expect(tracer.scopeManager.with(undefined as never, true, () => 7)).toBe(7)
  const foreign = new OpenTracingTracer({ mock: true }).startSpan('foreign')
  tracer.scopeManager.with(foreign, false, () => expect(tracer.activeSpan).toBe(foreign))
})

test('two tracers do not see each other’s spans', () => {
  const [one, other] = [setUp().tracer, setUp().tracer]
  one.startActiveSpan('one', (span) => {
    expect(other.activeSpan).toBeNull()
    other.startActiveSpan('other', (inner) => expect([one.activeSpan, other.activeSpan]).toEqual([span, inner]))
  })
})

test('another scope manager can be used', () => {
  class StackManager implements ScopeManager {
    readonly storage = new AsyncLocalStorage<Scope | null>()
    get active(): Scope | null {
      return this.storage.getStore() ?? null
    }
    activate(span: Scope['span'], finishOnClose: boolean): Scope {
      const before = this.active
      const close = () => {
        this.storage.enterWith(before)
        if (finishOnClose) span.finish()
      }
      const scope: Scope = { span, manager: this, close, [Symbol.dispose]: close }
      this.storage.enterWith(scope)
      return scope
    }
    with<S extends Scope['span'], R>(span: S, finishOnClose: boolean, fn: (span: S) => R): R {
      const scope = this.activate(span, finishOnClose)
      try {
        return fn(span)
      } finally {
        scope.close()
      }
    }
    withoutActive<R>(fn: () => R): R {
      return this.storage.run(null, fn)
    }
  }
  const tracer = new OpenTracingTracer({ mock: true, scopeManager: new StackManager() })
  tracer.startActiveSpan('outer', (outer) => {
    outer.setBaggageItem('a', '1')
    expect(tracer.activeSpan).toBe(outer)
    expect(tracer.startSpan('inner').getBaggageItem('a')).toBe('1')
    tracer.startSpan('inner').finish()
    tracer.startSpan('root', { ignoreActiveSpan: true }).finish()
  })
  const [inner, root, outer] = tracer.finishedSpans()
  expect([inner!.parentId, root!.parentId, outer!.parentId]).toEqual([outer!.spanId, null, null])
})
