import { expect, test, vi } from 'vitest'
import { FanOutTransport } from '../../../src/exporters/transport/fan-out-transport.js'

const make = (fails = false) => ({
  send: vi.fn(),
  flush: vi.fn(async () => {
    if (fails) throw new Error('planted')
  }),
  shutdown: vi.fn(async () => {
    if (fails) throw new Error('planted')
  }),
})

test('every transport gets every item and is flushed and shut down once, whatever the others do', async () => {
  const [one, other] = [make(true), make()]
  const all = new FanOutTransport([one, other])
  all.send('a')
  await all.flush(5)
  await Promise.all([all.shutdown(), all.shutdown()])
  for (const { send, flush, shutdown } of [one, other]) {
    expect(send.mock.calls).toEqual([['a']])
    expect(flush.mock.calls).toEqual([[5]])
    expect(shutdown).toHaveBeenCalledOnce()
  }
})

test('an empty list of transports accepts everything', async () => {
  const none = new FanOutTransport([])
  none.send(1)
  await none.shutdown()
})
