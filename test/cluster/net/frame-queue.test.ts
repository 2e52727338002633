import { expect, test, vi } from 'vitest'
import type { Channel } from '../../../src/cluster/net/channel.js'
import { FrameQueue } from '../../../src/cluster/net/frame-queue.js'
import { memoryChannels } from '../../../src/cluster/net/memory-channel.js'

const soon = (): Promise<void> => new Promise((resolve) => void setImmediate(() => setImmediate(resolve)))
const hold = (ms: number): void => {
  const endsMs = performance.now() + ms
  while (performance.now() < endsMs);
}

test('frames of a channel are applied in order, and its end after them', async () => {
  const line = new FrameQueue(1 << 20, () => {})
  const [near, far] = memoryChannels()
  const seen: (number | undefined)[] = []
  line.attach(near, (frame) => seen.push(frame?.[0]))
  for (const value of [1, 2, 3]) far.send(Uint8Array.of(value))
  far.destroy()
  await soon()
  expect(seen).toEqual([1, 2, 3, undefined])
})

test('frames of members are applied in turn, for at most one slice in a turn of the event loop', async () => {
  const line = new FrameQueue(1 << 20, () => {})
  const order: string[] = []
  const channels = ['a', 'b'].map((name) => {
    const [near, far] = memoryChannels()
    line.attach(near, () => {
      order.push(name)
      hold(1.5)
    })
    return far
  })
  for (let at = 0; at < 4; at++) for (const channel of channels) channel.send(Uint8Array.of(at))
  expect(order).toEqual([])
  await vi.waitFor(() => expect(order.length).toBeGreaterThan(0), { interval: 0, timeout: 10_000 })
  expect(order.length).toBeLessThan(8)
  await vi.waitFor(() => expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']), 10_000)
})

test('a channel with a full queue is paused until half of it is applied', async () => {
  const line = new FrameQueue(1 << 20, () => {})
  const calls: string[] = []
  const channel: Channel = {
    ...{ onFrame: () => {}, isBusy: false, isPeerGone: false, fault: undefined, sentBytes: 0, drained: async () => {} },
    ...{ send() {}, end() {}, destroy() {} },
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  }
  let done = 0
  line.attach(channel, () => {
    done++
    hold(3)
  })
  for (let at = 0; at < 5; at++) channel.onFrame(new Uint8Array(300_000))
  expect(calls).toEqual(['pause'])
  await vi.waitFor(() => expect(done).toBe(5), 10_000)
  expect(calls).toEqual(['pause', 'resume'])
})

test('a full queue is counted once, until half of it is applied', () => {
  let times = 0
  const queue = new FrameQueue(1_000, () => times++)
  const [near, far] = memoryChannels()
  queue.attach(near, () => {})
  for (let at = 0; at < 5; at++) far.send(new Uint8Array(300))
  expect(times).toBe(1)
})

test('small frames count with their overhead, so that only some thousands of them wait', () => {
  const queue = new FrameQueue(1 << 20, () => {})
  let waiting = 0
  let isPaused = false
  const [near, far] = memoryChannels()
  near.pause = () => {
    isPaused = true
  }
  queue.attach(near, () => {})
  for (; !isPaused && waiting < 1_000_000; waiting++) far.send(Uint8Array.of(1, 0, 0, 0, 1))
  expect(waiting).toBeLessThan(10_000)
})

test('at the end of a process everything is applied at once', () => {
  const line = new FrameQueue(1 << 20, () => {})
  const [near, far] = memoryChannels()
  let done = 0
  line.attach(near, () => {
    done++
    hold(3)
  })
  for (let at = 0; at < 5; at++) far.send(Uint8Array.of(at))
  expect(done).toBeLessThan(5)
  line.flushSync()
  expect(done).toBe(5)
})
