import { Console } from 'node:console'
import { Writable } from 'node:stream'
import fastify from 'fastify'
import { Span as ForeignSpan } from 'opentracing'
import pino from 'pino'
import { expect, test, vi } from 'vitest'
import { AlwaysOffSampler, AlwaysOnSampler, MemoryExporter, type Sampler, type SpanData, Stats, Tracer } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { tracedConsole, tracedLogger, traceLogFields, traceLogFieldsOf, traceLogMixin } from 'tallyscope/logging'
import { OpenTracingTracer } from 'tallyscope/opentracing'

const newTracer = (sampler: Sampler = new AlwaysOnSampler()) =>
  new Tracer({ sampler, exporter: new MemoryExporter<SpanData>(), stats: new Stats() })

function output(): { stream: Writable; printed: () => string } {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  return { stream, printed: () => text }
}

function lines(): { stream: Writable; read: () => Record<string, unknown>[] } {
  const { stream, printed } = output()
  return {
    stream,
    read: () =>
      printed()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

test('the fields are those of the current span, and absent without one', async () => {
  const tracer = newTracer()
  expect(traceLogFields()).toEqual({})
  await tracer.span('outer', async (span) => {
    await null
    const fields = { trace_id: span.traceId, span_id: span.spanId, trace_sampled: true }
    expect(traceLogFields()).toEqual(fields)
    expect(traceLogFields(tracer)).toEqual(fields)
    expect(traceLogFieldsOf(span)).toEqual(fields)
    expect(traceLogFields(newTracer())).toEqual({})
  })
  const left = tracer.startSpan('left')
  left.end()
  expect(traceLogFields()).toEqual({})
})

test('unsampled spans have trace_sampled false', () => {
  newTracer(new AlwaysOffSampler()).span('outer', (span) => {
    expect(traceLogFields()).toEqual({ trace_id: span.traceId, span_id: span.spanId, trace_sampled: false })
  })
})

test('pino accepts the fields as a mixin', () => {
  const { stream, read } = lines()
  const logger = pino({ mixin: traceLogMixin }, stream)
  logger.info('before')
  newTracer().span('outer', (span) => {
    logger.info({ cart: 3 }, 'inside')
    expect(read()[1]).toMatchObject({ msg: 'inside', cart: 3, trace_id: span.traceId, span_id: span.spanId, trace_sampled: true })
  })
  expect(read()[0]).not.toHaveProperty('trace_id')
})

test("Fastify's own logger has the fields in handlers, and at the completion of a request", async () => {
  const { stream, read } = lines()
  const app = fastify({ logger: { level: 'info', stream, mixin: traceLogMixin } })
  await app.register(tallyscopeFastify, { tracer: newTracer(), stats: new Stats() })
  app.get('/x', async (request) => {
    await null
    request.log.info('handled')
    return traceLogFields()
  })
  const fields = (await app.inject('/x')).json<object>()
  await vi.waitFor(() => expect(read().at(-1)).toMatchObject({ msg: 'request completed' }), 10_000)
  expect(read().find(({ msg }) => msg === 'handled')).toMatchObject(fields)
  expect(read().at(-1)).toMatchObject(fields)
  await app.close()
})

test('a plain logger and a console get the fields with each line, and fields of the line take precedence', () => {
  const written: unknown[][] = []
  const level =
    (name: string) =>
    (...args: unknown[]) =>
      void written.push([name, ...args])
  const target = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
  const logger = tracedLogger(target)
  const onConsole = tracedConsole(target)
  logger.info({ a: 1 }, 'outside')
  onConsole.warn({}, 'bare')
  newTracer().span('outer', ({ traceId, spanId }) => {
    const fields = { trace_id: traceId, span_id: spanId, trace_sampled: true }
    logger.error({ a: 1 }, 'inside')
    logger.debug({ trace_id: 'mine' }, 'given')
    onConsole.info({ a: 1 }, 'printed')
    expect(written.splice(2)).toEqual([
      ['error', { ...fields, a: 1 }, 'inside'],
      ['debug', { ...fields, trace_id: 'mine' }, 'given'],
      ['info', 'printed', { ...fields, a: 1 }],
    ])
  })
  expect(written).toEqual([
    ['info', { a: 1 }, 'outside'],
    ['warn', 'bare'],
  ])
})

test('a scope with the span of another tracer has no ids', () => {
  const { scopeManager } = new OpenTracingTracer({ tracer: newTracer() })
  scopeManager.with(new ForeignSpan(), false, () => expect(traceLogFields()).toEqual({}))
})

test('a line may begin with an error or with its message, as in pino', () => {
  const { stream, read } = lines()
  const logger = tracedLogger(pino({ base: null, timestamp: false }, stream)) as unknown as pino.Logger
  newTracer().span('outer', ({ spanId }) => {
    logger.error(new TypeError('no cart'), 'failed')
    logger.error(new TypeError('no cart'))
    logger.info('cart %s of %d', 'a', 2)
    const err = { type: 'TypeError', message: 'no cart' }
    expect(read()).toMatchObject([
      { level: 50, span_id: spanId, err, msg: 'failed' },
      { level: 50, span_id: spanId, err, msg: 'no cart' },
      { level: 30, span_id: spanId, msg: 'cart a of 2' },
    ])
    expect(read()[2]).not.toHaveProperty('0')
  })
})

test('a console prints an error in place of fields, and a line of only a message', () => {
  const printed: unknown[][] = []
  const write = (...line: unknown[]): void => void printed.push(line)
  const logger = tracedConsole({ debug: write, info: write, warn: write, error: write }) as unknown as Console
  const error = new Error('no cart')
  logger.error(error, 'failed')
  logger.error(error)
  logger.info('100%')
  expect(printed).toEqual([['failed', { err: error }], ['no cart', { err: error }], ['100%']])
})

test('a console prints messages with format specifiers as they are', () => {
  const { stream, printed } = output()
  const logger = tracedConsole(new Console(stream))
  logger.info({ user: 1 }, 'path /%s/%o%c/100%%')
  logger.info({}, 'path /%s/100%%')
  expect(printed()).toBe('path /%s/%o%c/100%% { user: 1 }\npath /%s/100%%\n')
})

test('a console formats the arguments after the message, with and without fields', () => {
  const { stream, printed } = output()
  const logger = tracedConsole(new Console(stream)) as unknown as Console
  logger.info('%d carts of %s', 3, 'ada')
  logger.info({ user: 1 }, '%d carts at 100%', 3, 'ada')
  logger.warn('carts', 3)
  expect(printed()).toBe('3 carts of ada\n3 carts at 100% ada { user: 1 }\ncarts 3\n')
})
