import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { TickShapeGuard } from '../../src/http/tick-shape-guard.js'

const usesHooks = Number.parseInt(process.versions.node, 10) < 24

test('one nextTick object is kept from before the first request on, and replaced every 256 requests', async () => {
  const kept = new TickShapeGuard()
  await setImmediate()
  const first = kept.tick
  expect(typeof first).toBe(usesHooks ? 'object' : 'undefined')
  for (let request = 1; request < 256; request++) kept.count()
  await setImmediate()
  expect(kept.tick).toBe(first)
  kept.count()
  await setImmediate()
  if (usesHooks) expect(kept.tick).not.toBe(first)
})

test('no request context is retained', async () => {
  const kept = new TickShapeGuard()
  await setImmediate()
  const first = kept.tick
  const storage = new AsyncLocalStorage<object>()
  const request = { of: 'a request' }
  storage.run(request, () => {
    for (let at = 0; at < 256; at++) kept.count()
  })
  await setImmediate()
  if (usesHooks) expect(kept.tick).not.toBe(first)
  const held = Object.getOwnPropertySymbols(kept.tick ?? {}).map((key) => (kept.tick as Record<symbol, unknown>)[key])
  expect(held).not.toContain(request)
})
