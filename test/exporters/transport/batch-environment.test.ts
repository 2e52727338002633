import { expect, test } from 'vitest'
import { AsyncTransport } from '../../../src/exporters/transport/async-transport.js'
import { batchOptionsFromEnvironment } from '../../../src/exporters/transport/batch-environment.js'
import { MemoryExporter } from '../../../src/exporters/memory-exporter.js'

/** Variables by the ends of their names. */
const read = (env: Record<string, string>) =>
  batchOptionsFromEnvironment(Object.fromEntries(Object.entries(env).map(([name, value]) => [`OTEL_BSP_${name}`, value])))

test('missing and empty variables set no options', () => {
  expect(read({})).toEqual({ options: {}, problems: [] })
  expect(read({ SCHEDULE_DELAY: '', MAX_QUEUE_SIZE: ' ' })).toEqual({ options: {}, problems: [] })
})

test('every variable sets an option that the transport accepts', () => {
  const { options, problems } = read({
    SCHEDULE_DELAY: ' 0 ',
    EXPORT_TIMEOUT: '30000',
    MAX_QUEUE_SIZE: '4096',
    MAX_EXPORT_BATCH_SIZE: '512',
  })
  expect(options).toEqual({ waitPeriodMs: 0, exportTimeoutMs: 30_000, maxQueueSize: 4_096, maxBatchSize: 512 })
  expect(problems).toEqual([])
  expect(() => new AsyncTransport(new MemoryExporter(), options)).not.toThrow()
})

test('the transport accepts the maximum values', () => {
  const { options } = read({
    SCHEDULE_DELAY: '2147483647',
    EXPORT_TIMEOUT: '2147483647',
    MAX_QUEUE_SIZE: '10000000',
    MAX_EXPORT_BATCH_SIZE: '10000000',
  })
  expect(() => new AsyncTransport(new MemoryExporter(), options)).not.toThrow()
})

test.each([
  ['SCHEDULE_DELAY', '-1', 0],
  ['SCHEDULE_DELAY', '5s', 0],
  ['SCHEDULE_DELAY', '2147483648', 0],
  ['EXPORT_TIMEOUT', '0', 1],
  ['MAX_QUEUE_SIZE', '0', 1],
  ['MAX_QUEUE_SIZE', '1.5', 1],
  ['MAX_EXPORT_BATCH_SIZE', '1e3', 1],
])('%s=%s is reported and has no effect', (name, text, min) => {
  const { options, problems } = read({ [name]: text })
  expect(options).toEqual({})
  expect(problems.map(({ variable }) => variable)).toEqual([`OTEL_BSP_${name}`])
  expect(problems[0]!.problem).toMatch(new RegExp(`^it must be a whole number from ${min} to \\d+: it is "${text}"$`))
})

test('a batch size above the queue size is reported and reduced to it', () => {
  const { options, problems } = read({ MAX_QUEUE_SIZE: '100', MAX_EXPORT_BATCH_SIZE: '200' })
  expect(options).toEqual({ maxQueueSize: 100, maxBatchSize: 100 })
  expect(problems).toEqual([
    { variable: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', problem: 'it must be at most OTEL_BSP_MAX_QUEUE_SIZE, 100, which is used: it is 200' },
  ])
})
