import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { checkDestination } from '../../../src/exporters/sending/destination.js'
import { HttpSender } from '../../../src/exporters/sending/http-sender.js'
import { type OutgoingPart, type PartEncoding, PartSending } from '../../../src/exporters/sending/part-sending.js'
import { RETRYABLE } from '../../../src/exporters/sending/reply-meaning.js'
import { RequestCounts } from '../../../src/exporters/sending/request-counts.js'
import { checkSender } from '../../../src/exporters/sending/sender-options.js'
import { receiver, type Received } from './receiver.js'

class Letters implements OutgoingPart {
  readonly text: string
  readonly log: string[]
  constructor(text: string, log: string[]) {
    this.text = text
    this.log = log
  }
  get items(): number {
    return this.text.length
  }
  get body(): readonly Uint8Array[] {
    return [Buffer.from(this.text)]
  }
  halves(): readonly [Letters, Letters] {
    const middle = this.text.length >> 1
    return [new Letters(this.text.slice(0, middle), this.log), new Letters(this.text.slice(middle), this.log)]
  }
  settled({ kind }: { kind: string }): void {
    this.log.push(`${this.text} ${kind}`)
  }
}

async function sending(
  answer: (response: ServerResponse, n: number, request: Received) => void,
  concurrency = 2,
  compress: PartEncoding['compress'] = 'gzip',
) {
  const { url, requests } = await receiver(answer)
  const settings = checkSender({ concurrency }, 2)
  const sender = new HttpSender(checkDestination('url', url), settings)
  const tooLarge: number[] = []
  const parts = new PartSending({
    settings: {
      ...settings,
      sender,
      isRetryable: RETRYABLE.otlp,
      counts: new RequestCounts('letters'),
      describe: ({ status }) => `answered ${status}`,
    },
    limits: { endsMs: settings.clock.monotonicMs() + 500, tries: 1 },
    encoding: { headers: {}, compress },
    concurrency,
    onTooLarge: (bytes) => void tooLarge.push(bytes),
  })
  const log: string[] = []
  const letters = (text: string) => new Letters(text, log)
  const add = (text: string) => parts.add(letters(text))
  return { parts, add, letters, log, requests, tooLarge, close: () => sender.close() }
}

test('parts are sent compressed, at most as many at a time as allowed', async () => {
  let atOnce = 0
  let most = 0
  const { parts, add, log, requests, close } = await sending((response) => {
    most = Math.max(most, ++atOnce)
    setTimeout(() => {
      atOnce--
      response.end()
    }, 10)
  })
  for (const text of ['a', 'b', 'c', 'd', 'e']) await add(text)
  expect(await parts.finish()).toEqual({ refusal: undefined, undelivered: undefined })
  expect(most).toBe(2)
  expect(requests.map(({ body }) => String(body)).sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(log.sort()).toEqual(['a taken', 'b taken', 'c taken', 'd taken', 'e taken'])
  close()
})

test('a part that is too large is halved until it is accepted, and a single item that is too large is dropped', async () => {
  const { parts, add, log, tooLarge, close } = await sending((response, _, { body }) => {
    response.writeHead(body.length > 2 || body.includes('g') ? 413 : 200).end()
  }, 1)
  await add('abcdefg')
  expect((await parts.finish()).refusal?.status).toBe(413)
  expect(log).toEqual(['a taken', 'bc taken', 'de taken', 'f taken', 'g too_large'])
  expect(tooLarge).toEqual([7, 3, 4, 2, 1])
  close()
})

test('a refused part does not prevent the others from being sent', async () => {
  const { parts, add, log, close } = await sending((response, n) => void response.writeHead(n === 0 ? 400 : 200).end(), 1)
  await add('a')
  await add('b')
  const { refusal, undelivered } = await parts.finish()
  expect([refusal?.status, undelivered]).toEqual([400, undefined])
  expect(log).toEqual(['a refused', 'b taken'])
  close()
})

test('after an undelivered part the rest is not sent', async () => {
  const { parts, add, log, requests, close } = await sending((response) => void response.writeHead(503).end(), 1)
  await add('a')
  expect(parts.isDown).toBe(true)
  await add('b')
  expect((await parts.finish()).undelivered).toMatchObject({ reason: 'retries', message: 'answered 503' })
  expect([log, requests.length]).toEqual([['a undelivered', 'b undelivered'], 1])
  close()
})

test('compression that never settles times out at the deadline, and nothing more is sent', async () => {
  const { parts, add, log, requests, close } = await sending(
    (response) => void response.end(),
    1,
    () => new Promise(() => {}),
  )
  await add('a')
  expect(parts.isDown).toBe(true)
  await add('b')
  expect((await parts.finish()).undelivered).toMatchObject({ reason: 'deadline', message: 'compressing the body took too long' })
  expect([log, requests.length]).toEqual([['a undelivered', 'b undelivered'], 0])
  close()
})

test.each([() => 5, async () => undefined])('what compress returns other than bytes is not sent: %s', async (compress) => {
  const { parts, add, log, requests, close } = await sending((response) => void response.end(), 1, compress as never)
  await add('a')
  await expect(parts.finish()).rejects.toThrow('compress must return a Uint8Array')
  expect([log, requests.length]).toEqual([['a undelivered'], 0])
  close()
})

test('compression that fails after the deadline has no other effect', async () => {
  let fail: (error: Error) => void = () => {}
  const compressing = new Promise<never>((_, reject) => (fail = reject))
  const { parts, add, log, close } = await sending(
    (response) => void response.end(),
    1,
    () => compressing,
  )
  await add('a')
  fail(new Error('late'))
  expect((await parts.finish()).undelivered).toMatchObject({ reason: 'deadline' })
  expect(log).toEqual(['a undelivered'])
  close()
})

test('a part whose splitting throws is undelivered, and the others are sent', async () => {
  const { parts, add, letters, log, close } = await sending((response, n) => void response.writeHead(n === 0 ? 413 : 200).end(), 1)
  const halves = (): never => {
    throw new Error('not split')
  }
  await parts.add(Object.assign(letters('ab'), { halves }))
  await add('c')
  await expect(parts.finish()).rejects.toThrow('not split')
  expect(log).toEqual(['ab undelivered', 'c taken'])
  close()
})
