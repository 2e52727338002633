import { Writable } from 'node:stream'
import pino from 'pino'
import { expect, test, vi } from 'vitest'
import { LoggingExporter } from '../../../src/exporters/console/logging-exporter.js'
import { exporterContract } from '../../../src/testing/exporter-contract.js'
import { requests } from '../metrics-fixture.js'

const span = { name: 'checkout', spanId: '00f067aa0ba902b7', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' }

let entries: unknown[][] = []
const log = (...entry: unknown[]): void => void entries.push(entry)
const logger = { debug: log, info: log, warn: log, error: log }
for (const { name, run } of exporterContract<object>({
  create: () => {
    entries = []
    return new LoggingExporter({ logger })
  },
  items: [requests, span],
  received: () => entries.length,
  createFailing: () =>
    new LoggingExporter({
      logger: {
        ...logger,
        info: () => {
          throw new Error('no')
        },
      },
    }),
})) {
  test(name, run)
}

test('a log entry has the name and the data of the item', () => {
  const info = vi.fn()
  new LoggingExporter({ logger: { ...logger, info }, loggerName: 'shop.traces' }).export([requests, span, 5])
  expect(info.mock.calls).toEqual([
    [{ logger: 'shop.traces', metric: requests }, 'Metric: shop/requests'],
    [{ logger: 'shop.traces', span }, 'Span: checkout'],
    [{ logger: 'shop.traces', item: 5 }, 'Item: '],
  ])
})

test('names of items that others made are cut in the message', () => {
  const info = vi.fn()
  new LoggingExporter({ logger: { ...logger, info } }).export([{ name: 'é'.repeat(100_000) }])
  expect(info.mock.calls[0]?.[1]).toBe(`Item: ${'é'.repeat(256)}`)
})

test('pino accepts the entries', () => {
  let text = ''
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += chunk
      done()
    },
  })
  new LoggingExporter({ logger: pino({ base: null, timestamp: false }, stream), level: 'warn' }).export([span])
  expect(JSON.parse(text)).toEqual({ level: 40, logger: 'tallyscope', span, msg: 'Span: checkout' })
})

test('a logger that throws loses only the items it threw for', () => {
  const info = vi.fn()
  info.mockImplementationOnce(() => {
    throw new Error('no')
  })
  const exporter = new LoggingExporter({ logger: { ...logger, info } })
  expect(() => exporter.export([span, span, span])).toThrowError(
    expect.objectContaining({ code: 'ERR_LOG_EXPORT', delivered: 2, retryable: false, message: 'the logger threw for 1 of 3 items' }),
  )
  expect(info).toHaveBeenCalledTimes(3)
})

test('without a logger it writes lines of JSON to stderr', () => {
  const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  new LoggingExporter().export([span])
  const line = JSON.parse(String(write.mock.calls[0]?.[0]))
  write.mockRestore()
  expect(line).toEqual({ level: 'info', time: expect.any(String), logger: 'tallyscope', span, msg: 'Span: checkout' })
})

test.each([{ level: 'loud' }, { logger: {} }, { logger: null }])('the option %o is refused', (options) => {
  expect(() => new LoggingExporter(options as never)).toThrowError(expect.objectContaining({ code: 'ERR_EXPORTER_OPTION' }))
})
