import { type MetricsHandlerOptions, metricsHandler } from './handler.js'

/**
 * The metrics endpoint for servers that speak fetch: a function from Request to Response.
 *
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` when an option is out of range.
 * @example
 * const scrape = fetchHandler({ producers: [stats] })
 * app.get('/metrics', (c) => scrape(c.req.raw))
 */
export function fetchHandler(options: MetricsHandlerOptions): (request: Request) => Promise<Response> {
  const handle = metricsHandler(options)
  return async ({ headers, url, method, signal }) => {
    const reply = await handle(headers, new URL(url, 'http://localhost').searchParams, { method, signal })
    const { status, body } = reply
    const init = { status, headers: { ...reply.headers } }
    if (method === 'HEAD' || body === undefined) return new Response(null, init)
    return new Response(body instanceof Uint8Array ? body : streamOf(body), init)
  }
}

function streamOf(body: AsyncIterableIterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await body.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
      async cancel() {
        await body.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
