import { type ClientRequest, validateHeaderValue } from 'node:http'
import type { OutgoingHeaders } from './client-instrumentation.js'

/** Node has no public names for the head of a request that is rendered but not sent. */
interface RenderedRequest {
  _header?: string | null
  /** With `Expect` the head is already in the output. */
  readonly outputData?: readonly { data: unknown }[]
  readonly _headerSent?: boolean
}

const LINE_END = '\r\n'

/** The name of a header in a line of the head. */
const nameIn = (line: string): string => line.slice(0, line.indexOf(':')).toLowerCase()

/**
 * The headers of a request that Node renders when it creates the request: headers given as an array, and those with `Expect`. They can be
 * changed until they are sent.
 */
export class RenderedHeaders implements OutgoingHeaders {
  readonly #request: RenderedRequest

  constructor(request: ClientRequest) {
    this.#request = request as unknown as RenderedRequest
  }

  get areSent(): boolean {
    const { _header, _headerSent, outputData } = this.#request
    return typeof _header !== 'string' || (_headerSent !== false && outputData?.[0]?.data !== _header)
  }

  get(name: string): string | undefined {
    const line = this.#lines().find((each, at) => at > 0 && nameIn(each) === name.toLowerCase())
    return line?.slice(name.length + 1).trim()
  }

  set(name: string, value: string): void {
    validateHeaderValue(name, value)
    this.delete(name)
    const head = this.#lines()
    // The head ends with an empty line.
    this.#render([...head.slice(0, -2), `${name}: ${value}`, ...head.slice(-2)])
  }

  delete(name: string): void {
    if (this.areSent) return
    this.#render(this.#lines().filter((line, at) => at === 0 || nameIn(line) !== name.toLowerCase()))
  }

  #render(lines: readonly string[]): void {
    const request = this.#request
    const first = request.outputData?.[0]
    const head = lines.join(LINE_END)
    if (first !== undefined && first.data === request._header) first.data = head
    request._header = head
  }

  #lines(): readonly string[] {
    return (this.#request._header ?? '').split(LINE_END)
  }
}
