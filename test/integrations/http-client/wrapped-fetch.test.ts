// Functions like `fetch` that are not Node's: undici's has classes of its own, node-fetch reads only strings and returns Node streams.

import http from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import { fetch as undiciFetch, Request as UndiciRequest } from 'undici'
import { expect, test } from 'vitest'
import { watched } from './watched.js'

type Fetch = typeof globalThis.fetch

const foreign = undiciFetch as unknown as Fetch

/** Like node-fetch: an address is a string or a URL, a body is a Node stream, and a response has no constructor for copies. */
const likeNodeFetch = ((input: string, { headers, signal, agent }: http.RequestOptions & { headers?: Record<string, string> } = {}) =>
  new Promise((resolve, reject) => {
    http
      .get(new URL(input), { headers, signal, agent }, (response) => {
        const body = response.pipe(new PassThrough())
        response.on('error', (error) => body.destroy(error))
        resolve({ status: response.statusCode, body, agent })
      })
      .on('error', reject)
  })) as unknown as Fetch

async function textOf({ body }: Response): Promise<string> {
  return (await (body as unknown as Readable).toArray()).join('')
}

const echo = (_: string, response: http.ServerResponse) =>
  void response.end(JSON.stringify([response.req.method, response.req.headers['traceparent'], response.req.headers['x-a']]))

test('a foreign fetch gets the arguments of its caller: its own Request, its options, a URL', async () => {
  const { client, spans, url } = await watched(echo)
  const wrapped = client.fetch(foreign)
  const request = new UndiciRequest(`${url}/cart`, { method: 'PUT', headers: { 'x-a': 'own' } }) as unknown as Request
  const answers = [
    await (await wrapped(request)).json(),
    await (await wrapped(new URL(url), { headers: [['x-a', 'pair']] })).json(),
    await (await wrapped(url, request)).json(),
  ]
  expect(answers).toEqual([
    ['PUT', spans[0]!.context.traceparent, 'own'],
    ['GET', spans[1]!.context.traceparent, 'pair'],
    ['PUT', spans[2]!.context.traceparent, 'own'],
  ])
  expect(request.headers.get('traceparent')).toBeNull()
  const agent = new http.Agent()
  const response = await client.fetch(likeNodeFetch)(url, { agent } as RequestInit)
  expect(response).toHaveProperty('agent', agent)
  expect(JSON.parse(await textOf(response))[1]).toBe(spans[3]!.context.traceparent)
})

test('a response with a Node stream ends with the stream, and its bytes are counted', async () => {
  const { client, stats, spans, url } = await watched()
  const response = await client.fetch(likeNodeFetch)(`${url}/whole`)
  expect(spans).toEqual([])
  expect(await textOf(response)).toHaveLength(100_000)
  await expect.poll(() => spans.map(({ status }) => status.name)).toEqual(['OK'])
  expect(stats.viewManager.getView('http/client/response_size')!.rows[0]!.data).toMatchObject({ sum: 100_000 })
})

test.each([
  ['cancelled by its reader', (body: Readable) => void body.destroy(), 'CANCELLED'],
  ['broken', (body: Readable) => void body.destroy(new Error('reset')), 'UNKNOWN'],
])('a response with a Node stream that is %s has the outcome', async (_, act, status) => {
  const { client, spans, url } = await watched()
  const { body } = await client.fetch(likeNodeFetch)(`${url}/open`)
  ;(body as unknown as Readable).on('error', () => {})
  act(body as unknown as Readable)
  await expect.poll(() => spans.map((span) => span.status.name)).toEqual([status])
})

test.each([
  ['of Node', fetch],
  ['of undici', foreign],
])('a response %s keeps its class, its status and its clones', async (_, each) => {
  const { client, url } = await watched((path, response) => void response.writeHead(Number(path.slice(1))).end('text'))
  const wrapped = client.fetch(each)
  const [response, plain] = [await wrapped(`${url}/999`), await each(`${url}/999`)]
  const read = ({ constructor, status, ok, url: address, redirected, type }: Response) => [
    constructor,
    status,
    ok,
    address,
    redirected,
    type,
  ]
  expect(read(response)).toEqual(read(plain))
  expect(read(response.clone())).toEqual(read(plain))
  expect(await response.text()).toBe('text')
})

test('what the function cannot read is its own error, without a span', async () => {
  const { client, spans } = await watched()
  await expect(client.fetch(fetch)('/relative')).rejects.toThrow('Failed to parse URL')
  await expect(client.fetch(foreign)('http://')).rejects.toThrow('Failed to parse URL')
  expect(spans).toEqual([])
})
