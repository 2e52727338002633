import type { HeaderGetter, HeaderSetter } from './propagator.js'

/** An object with headers: those of Node and of fetch, a Map, a plain object, pairs, Node's raw headers, a request. Names may have any case. */
export type ReadableCarrier =
  | { readonly get: (name: string) => string | null | undefined }
  | { readonly headers: object }
  | { readonly [name: string]: unknown }
  | Iterable<readonly [string, unknown]>
  | readonly string[]
  | object

/** An object into which headers can be written: `Headers`, a Map, requests and responses of Node and of fetch, a plain object, pairs. */
export type WritableCarrier = object

/** Joins several headers of one name by commas, as HTTP defines it. */
export function textOf(value: unknown): string | undefined {
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

/** Reads Node's `rawHeaders`, in which names and values alternate. */
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
  return textOf(headers[name]) ?? inAnyCase(headers, name)
}

/** Reads a header from an object's properties, with a name in any case. */
export function inAnyCase(headers: Readonly<Record<string, unknown>>, name: string): string | undefined {
  for (const key in headers) {
    if (key.length === name.length && key.toLowerCase() === name) return textOf(headers[key])
  }
  return undefined
}

/** Returns a function that reads the carrier and never throws. A header that cannot be read is undefined. */
export function getterOf(carrier: ReadableCarrier | null | undefined): HeaderGetter {
  if (typeof carrier !== 'object' || carrier === null) return () => undefined
  const read = readerOf(carrier) as (carrier: object, name: string) => string | undefined
  return (name) => {
    try {
      return read(carrier, name)
    } catch {
      return undefined // a getter or a proxy of the carrier threw
    }
  }
}

/** Chooses the reader of a carrier, once for all its headers. */
function readerOf(carrier: object): (carrier: never, name: string) => string | undefined {
  try {
    if (carrier instanceof Map) return fromMap
    if (Array.isArray(carrier)) return typeof carrier[0] === 'string' ? fromFlat : fromPairs
    const { get, getHeader, headers } = carrier as CarrierMembers
    if (typeof get === 'function') return fromGet
    if (typeof getHeader === 'function') return fromGetHeader
    if (isHeaders(headers)) {
      const read = readerOf(headers) as (carrier: object, name: string) => string | undefined
      return (_request, name) => read(headers, name)
    }
    if (!(Symbol.iterator in carrier)) return fromObject
    const pairs = [...(carrier as Iterable<unknown>)] // an iterator can be read once
    return (_carrier, name) => fromPairs(pairs, name)
  } catch {
    return () => undefined // a getter or a proxy threw
  }
}

interface CarrierMembers {
  readonly get?: unknown
  readonly getHeader?: unknown
  readonly headers?: unknown
}

/** True for the `headers` of a request. Those of a carrier may have the name too, with strings as values. */
function isHeaders(headers: unknown): headers is object {
  return typeof headers === 'object' && headers !== null && !Array.isArray(headers)
}

/** The carrier if its headers are its properties, as in the headers of Node's requests. */
export function plainHeaders(carrier: ReadableCarrier | null | undefined): Readonly<Record<string, unknown>> | undefined {
  if (typeof carrier !== 'object' || carrier === null || Array.isArray(carrier)) return undefined
  try {
    const { get, getHeader, headers } = carrier as CarrierMembers
    if (typeof get === 'function' || typeof getHeader === 'function' || isHeaders(headers) || Symbol.iterator in carrier) return undefined
    return carrier as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

function fromMap(carrier: ReadonlyMap<string, unknown>, name: string): string | undefined {
  return textOf(carrier.get(name)) ?? fromPairs(carrier, name)
}

function fromGet(carrier: { readonly get: (name: string) => unknown }, name: string): string | undefined {
  return textOf(carrier.get(name))
}

function fromGetHeader(carrier: { readonly getHeader: (name: string) => unknown }, name: string): string | undefined {
  return textOf(carrier.getHeader(name))
}

/** Returns a function that writes to the carrier. It ignores errors of the carrier. */
export function setterOf(carrier: WritableCarrier): HeaderSetter {
  if (typeof carrier !== 'object' || carrier === null) return () => {}
  return (name, value) => {
    try {
      writeTo(carrier, name, value)
    } catch {
      // The carrier is frozen, or its headers are already sent.
    }
  }
}

/** Replaces a header of this name in any case: with both, an HTTP client would send two, which no server can read. */
function writeTo(carrier: WritableCarrier, name: string, value: string): void {
  const { set, setHeader, headers } = carrier as { set?: unknown; setHeader?: unknown; headers?: unknown }
  if (carrier instanceof Map) {
    for (const key of carrier.keys()) if (isSpelling(key, name)) carrier.delete(key)
    carrier.set(name, value)
  } else if (typeof set === 'function') set.call(carrier, name, value)
  else if (typeof setHeader === 'function') setHeader.call(carrier, name, value)
  else if (Array.isArray(carrier)) writeToList(carrier, name, value)
  else if (isHeaders(headers)) writeTo(headers, name, value)
  else {
    for (const key of Object.keys(carrier)) if (isSpelling(key, name)) delete (carrier as Record<string, unknown>)[key]
    ;(carrier as Record<string, string>)[name] = value
  }
}

/** A list of pairs, or Node's raw headers: names and values in turn. */
function writeToList(list: unknown[], name: string, value: string): void {
  const isFlat = typeof list[0] === 'string'
  const step = isFlat ? 2 : 1
  for (let i = list.length - step; i >= 0; i -= step) {
    const key = isFlat ? list[i] : (list[i] as readonly unknown[])[0]
    if (key === name || isSpelling(key, name)) list.splice(i, step)
  }
  if (isFlat) list.push(name, value)
  else list.push([name, value])
}

/** True for another spelling of a name in lower case. */
function isSpelling(key: unknown, name: string): boolean {
  return key !== name && typeof key === 'string' && key.length === name.length && key.toLowerCase() === name
}
