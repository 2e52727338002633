import type { ServerResponse } from 'node:http'
import { afterEach, expect, test, vi } from 'vitest'
import { checkDestination } from '../../../src/exporters/sending/destination.js'
import { HttpSender } from '../../../src/exporters/sending/http-sender.js'
import { RETRYABLE } from '../../../src/exporters/sending/reply-meaning.js'
import { RequestCounts } from '../../../src/exporters/sending/request-counts.js'
import { retryAfterMs } from '../../../src/exporters/sending/retry-after.js'
import { checkSender } from '../../../src/exporters/sending/sender-options.js'
import { type Delivery, type RetryLimits, sendUntil } from '../../../src/exporters/sending/send-until.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { selfValue } from '../self-value.js'
import { receiver } from './receiver.js'

interface Trial {
  readonly delivery: Delivery
  /** When each try was made, in milliseconds after the first. */
  readonly triesMs: readonly number[]
  readonly bodies: readonly string[]
  /** How long it took by the clock. */
  readonly tookMs: number
}

/** Sends to a receiver that responds as `answer` says, on a clock that moves while no request is running. */
async function trial(
  answer: (response: ServerResponse, n: number) => void,
  limits: Partial<RetryLimits> & { protocol?: keyof typeof RETRYABLE; name?: string } = {},
): Promise<Trial> {
  const clock = new ManualClock()
  const triesMs: number[] = []
  const { url, requests } = await receiver((response, n) => {
    triesMs.push(clock.monotonicMs())
    answer(response, n)
  })
  const sender = new HttpSender(checkDestination('url', url), checkSender({ clock }, 1))
  let isDone = false
  const sending = sendUntil(
    { method: 'POST', body: [Buffer.from('the same')], headers: {} },
    { endsMs: 20_000, ...limits },
    {
      sender,
      isRetryable: RETRYABLE[limits.protocol ?? 'otlp'],
      counts: new RequestCounts(limits.name ?? 'trial'),
      clock,
      random: () => 0.5,
      timeoutMs: 3_600_000,
      describe: ({ status }) => `answered ${status}`,
    },
  ).finally(() => {
    isDone = true
  })
  let answered = -1
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    // Time moves only in pauses: the network is real.
    if (requests.length !== answered) answered = requests.length
    else await clock.advanceAsync(100)
  }
  const delivery = await sending
  sender.close()
  return { delivery, triesMs, bodies: requests.map(({ body }) => String(body)), tookMs: clock.monotonicMs() }
}

const status =
  (...statuses: number[]) =>
  (response: ServerResponse, n: number): void =>
    void response.writeHead(statuses[Math.min(n, statuses.length - 1)]!).end()

const OUTCOMES: readonly (readonly [statuses: readonly number[], otlp: string, remoteWrite: string])[] = [
  [[200, 202, 204], 'taken', 'taken'],
  [[301, 307, 308], 'refused', 'refused'],
  [[400, 401, 403, 404, 408, 415], 'refused', 'refused'],
  [[413], 'too_large', 'too_large'],
  [[429, 502, 503, 504], 'undelivered', 'undelivered'],
  [[500, 501, 505], 'refused', 'undelivered'],
]
for (const [statuses, otlp, remoteWrite] of OUTCOMES) {
  test.each(statuses)(`a response %i is ${otlp} for OTLP and ${remoteWrite} for remote write`, async (code) => {
    const one = await trial(status(code), { tries: 2 })
    expect([one.delivery.kind, one.bodies.length]).toEqual([otlp, otlp === 'undelivered' ? 2 : 1])
    const other = await trial(status(code), { tries: 2, protocol: 'prometheus' })
    expect([other.delivery.kind, other.bodies.length]).toEqual([remoteWrite, remoteWrite === 'undelivered' ? 2 : 1])
  })
}

test('delays grow to five seconds, the bytes stay the same, and retries end at the deadline', async () => {
  const { delivery, triesMs, bodies, tookMs } = await trial(status(503), { name: 'grows' })
  expect(triesMs.map((ms) => Math.round(ms / 1_000))).toEqual([0, 1, 3, 7, 12, 17])
  expect(new Set(bodies)).toEqual(new Set(['the same']))
  expect(delivery).toMatchObject({ kind: 'undelivered', reason: 'deadline', message: 'answered 503' })
  expect(tookMs).toBeLessThan(20_000)
  expect(selfValue('tallyscope_exporter_requests_total', 'grows', 'again')).toBe(6)
})

test('a request that succeeds after failures is delivered once', async () => {
  const { delivery, bodies } = await trial(status(503, 429, 200), { name: 'comes back' })
  expect([delivery.kind, bodies.length]).toEqual(['taken', 3])
  expect(selfValue('tallyscope_exporter_requests_total', 'comes back', 'taken')).toBe(1)
  expect(selfValue('tallyscope_exporter_sent_bytes_total', 'comes back')).toBe(24)
})

test('Retry-After sets the delay', async () => {
  const { triesMs } = await trial((response, n) => void response.writeHead(n === 0 ? 503 : 200, { 'retry-after': '3' }).end())
  expect(triesMs.map((ms) => Math.round(ms / 1_000))).toEqual([0, 3])
})

test('no delay begins that would end after the deadline', async () => {
  const { delivery, tookMs } = await trial((response) => void response.writeHead(503, { 'retry-after': '30' }).end())
  expect(delivery).toMatchObject({ kind: 'undelivered', reason: 'deadline', retryAfterMs: 30_000 })
  expect(tookMs).toBeLessThan(1_000)
})

test('the last export waits at most a second between tries', async () => {
  const signal = AbortSignal.abort()
  const grown = await trial(status(503), { isLast: true, signal, endsMs: 5_000 })
  expect(grown.triesMs.map((ms) => Math.round(ms / 1_000))).toEqual([0, 1, 2, 3, 4])
  const asked = await trial((response) => void response.writeHead(503, { 'retry-after': '5' }).end(), { isLast: true, signal })
  expect(asked.triesMs).toHaveLength(1)
})

test('closing ends a delay at once', async () => {
  const closing = new AbortController()
  const { delivery, bodies } = await trial(
    (response) => {
      response.writeHead(503, { 'retry-after': '10' }).end()
      setTimeout(() => closing.abort(), 20)
    },
    { signal: closing.signal },
  )
  expect([delivery, bodies.length]).toMatchObject([{ kind: 'undelivered', reason: 'closing' }, 1])
})

afterEach(() => void vi.unstubAllEnvs())

const RETRY_AFTER: readonly [string | undefined, number | undefined][] = [
  [undefined, undefined],
  ['0', 0],
  ['3', 3_000],
  ['-1', undefined],
  ['abc', undefined],
  ['NaN', undefined],
  ['1e9', undefined],
  ['1000000000', 60_000],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
  ['Thu, 01 Jan 2026 01:00:00 GMT', 60_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', undefined],
  // The obsolete forms of dates: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
  ['Thursday, 01-Jan-26 00:00:30 GMT', 30_000],
  ['Thu Jan  1 00:00:30 2026', 30_000],
  ['abc 2030', undefined],
  ['Thu, 01 Jan 2026 00:00:30 +0100', undefined],
]
test.each(RETRY_AFTER)('Retry-After: %s is %s ms, in any time zone', (header, expected) => {
  vi.stubEnv('TZ', 'America/New_York')
  expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(expected)
})
