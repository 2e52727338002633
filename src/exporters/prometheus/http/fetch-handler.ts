import { checkOptions } from '../../../base/check-options.js'
import { DefinitionError } from '../../../base/errors.js'
import { HANDLER_OPTIONS, type MetricsHandlerOptions, ScrapeHandler } from './handler.js'
import { ScrapeBody } from './scrape-body.js'
import { intact } from './scrape-document.js'

/**
 * The metrics endpoint for servers with the Fetch API: a function from Request to Response. Do not change the chunks of its bodies:
 * concurrent scrapes may share them.
 *
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` if an option is out of range. The handler rejects with `ERR_HANDLER` if its
 *   argument is not a Request.
 * @example
 * const scrape = fetchHandler({ producers: [stats] })
 * app.get('/metrics', (c) => scrape(c.req.raw))
 */
export function fetchHandler(options: MetricsHandlerOptions): (request: Request) => Promise<Response> {
  checkOptions('fetchHandler', options, HANDLER_OPTIONS)
  const handler = new ScrapeHandler(options)
  return async ({ headers, url, method, signal }) => {
    if (typeof headers?.get !== 'function') {
      throw new DefinitionError('ERR_HANDLER', 'fetchHandler needs a Request: for node:http and Express use nodeHandler')
    }
    const { host, searchParams } = new URL(url, 'http://localhost')
    const get = (name: string): string | null => headers.get(name) ?? (name === 'host' ? host : null)
    const reply = await handler.respond({ get }, searchParams, { method, signal })
    const { status, body } = reply
    const init = { status, headers: { ...reply.headers } }
    if (body instanceof ScrapeBody) return new Response(streamOf(body), init)
    const bytes = method === 'HEAD' || body === undefined ? null : (body as Uint8Array<ArrayBuffer>)
    return new Response(bytes !== null && bytes.length > MAX_COPIED_BYTES ? sharedStreamOf(bytes) : bytes, init)
  }
}

const MAX_COPIED_BYTES = 65_536

/** `Response` copies bytes, but not the chunks of a stream. Copies for many scrapes would make V8 collect the whole heap often. */
function sharedStreamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(intact(bytes))
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

function streamOf(body: ScrapeBody): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      start(controller) {
        body.onCut = (reason) => controller.error(reason)
      },
      async pull(controller) {
        const next = await body.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
      async cancel() {
        await body.return()
      },
    },
    { highWaterMark: 0 },
  )
}
