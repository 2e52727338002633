import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { replyBody } from '../../../src/exporters/sending/reply-body.js'

test('a response of a million chunks of one byte takes less than 10 MB while it is read', async () => {
  const response = Object.assign(new EventEmitter(), { headers: {} })
  const reading = replyBody(response as IncomingMessage)
  gc!()
  const before = process.memoryUsage().heapUsed
  for (let at = 0; at < 1_000_000; at++) response.emit('data', Buffer.from('a'))
  gc!()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
  response.emit('end')
  expect((await reading)?.equals(Buffer.alloc(1_000_000, 'a'))).toBe(true)
})
