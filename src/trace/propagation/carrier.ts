import type { HeaderGetter, HeaderSetter } from './propagator.js'

/** Anything with headers to read: node's and fetch's, a Map, a plain object, pairs, node's raw headers. Names in any case. */
export type ReadableCarrier =
  | { readonly get: (name: string) => string | null | undefined }
  | { readonly [name: string]: unknown }
  | Iterable<readonly [string, unknown]>
  | readonly string[]
  | object

/** Anything headers can be put into: `Headers`, a Map, node's requests and responses, a plain object, pairs. */
export type WritableCarrier = object

/** Several headers of one name count as one, joined by commas, as HTTP has it. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return undefined
  const texts = value.filter((each): each is string => typeof each === 'string')
  return texts.length === 0 ? undefined : texts.join(',')
}

function fromPairs(pairs: Iterable<unknown>, name: string): string | undefined {
  const found: string[] = []
  for (const pair of pairs) {
    if (!Array.isArray(pair) || !isNamed(pair[0], name)) continue
    const text = textOf(pair[1])
    if (text !== undefined) found.push(text)
  }
  return found.length === 0 ? undefined : found.join(',')
}

/** Node's `rawHeaders`: names and values in turn. */
function fromFlat(list: readonly unknown[], name: string): string | undefined {
  const found: string[] = []
  for (let at = 0; at + 1 < list.length; at += 2) {
    const value = list[at + 1]
    if (isNamed(list[at], name) && typeof value === 'string') found.push(value)
  }
  return found.length === 0 ? undefined : found.join(',')
}

function isNamed(key: unknown, name: string): boolean {
  return typeof key === 'string' && key.length === name.length && key.toLowerCase() === name
}

function fromObject(headers: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const exact = textOf(headers[name])
  if (exact !== undefined) return exact
  for (const key in headers) {
    if (isNamed(key, name)) return textOf(headers[key])
  }
  return undefined
}

/** How to read this carrier. Nothing it does throws: what cannot be read is not there. */
export function getterOf(carrier: ReadableCarrier | null | undefined): HeaderGetter {
  if (typeof carrier !== 'object' || carrier === null) return () => undefined
  const read = readerOf(carrier)
  return (name) => {
    try {
      return read(name)
    } catch {
      return undefined // a getter or a proxy of the carrier
    }
  }
}

function readerOf(carrier: object): HeaderGetter {
  if (carrier instanceof Map) return (name) => textOf(carrier.get(name)) ?? fromPairs(carrier, name)
  if (Array.isArray(carrier)) {
    return typeof carrier[0] === 'string' ? (name) => fromFlat(carrier, name) : (name) => fromPairs(carrier, name)
  }
  if (typeof (carrier as { get?: unknown }).get === 'function') {
    return (name) => textOf((carrier as { get(name: string): unknown }).get(name))
  }
  if (typeof (carrier as { getHeader?: unknown }).getHeader === 'function') {
    return (name) => textOf((carrier as { getHeader(name: string): unknown }).getHeader(name))
  }
  return (name) => fromObject(carrier as Readonly<Record<string, unknown>>, name)
}

/** How to write to this carrier. A carrier that refuses is left as it is. */
export function setterOf(carrier: WritableCarrier): HeaderSetter {
  if (typeof carrier !== 'object' || carrier === null) return () => {}
  const write = writerOf(carrier)
  return (name, value) => {
    try {
      write(name, value)
    } catch {
      // frozen, or its headers are sent
    }
  }
}

function writerOf(carrier: WritableCarrier): HeaderSetter {
  const { set, setHeader } = carrier as { set?: unknown; setHeader?: unknown }
  if (typeof set === 'function') return (name, value) => void set.call(carrier, name, value)
  if (typeof setHeader === 'function') return (name, value) => void setHeader.call(carrier, name, value)
  if (Array.isArray(carrier)) return (name, value) => void carrier.push([name, value])
  return (name, value) => {
    ;(carrier as Record<string, string>)[name] = value
  }
}
