import { types } from 'node:util'
import { isError } from '../../base/errors.js'
import { MAX_ATTRIBUTE_LENGTH } from '../../trace/data/attributes.js'
import { AlwaysOffSampler, AlwaysOnSampler } from '../../trace/sampling/constant-samplers.js'
import type { Sampler } from '../../trace/sampling/sampler.js'
import { SpanKind } from '../../trace/data/span-kind.js'

const alwaysOn = new AlwaysOnSampler()
const alwaysOff = new AlwaysOffSampler()

/** The kind for a `span.kind` tag: UNSPECIFIED for producers and consumers, undefined for unknown values. */
export function kindOf(tag: unknown): SpanKind | undefined {
  switch (tag) {
    case 'client':
      return SpanKind.CLIENT
    case 'server':
      return SpanKind.SERVER
    case 'producer':
    case 'consumer':
      return SpanKind.UNSPECIFIED
    default:
      return undefined
  }
}

/** The sampler for a `sampling.priority` tag: above 0 always on, 0 always off. */
export function samplerOf(tag: unknown): Sampler | undefined {
  const priority = numberOf(tag)
  if (priority === undefined || priority < 0) return undefined
  return priority > 0 ? alwaysOn : alwaysOff
}

/** The number of a tag that is a number or a numeric string. */
export function numberOf(tag: unknown): number | undefined {
  const number = typeof tag === 'string' && tag.trim() !== '' ? Number(tag) : tag
  return typeof number === 'number' && !Number.isNaN(number) ? number : undefined
}

/** The value of an `error` tag. A string other than true and false is an error message, which means true. */
export function errorOf(tag: unknown): boolean | undefined {
  if (tag == null || typeof tag === 'function') return undefined
  return typeof tag === 'string' ? !/^(false|0|)$/i.test(tag.trim()) : Boolean(tag)
}

/** The message of an `error` tag that is an error message. */
export function messageOf(errorTag: unknown): string | undefined {
  return typeof errorTag === 'string' && !/^(true|1)$/i.test(errorTag.trim()) ? errorTag : undefined
}

/** Converts a value of any type to an attribute value; undefined if there is none. Never throws. */
export function plainValue(value: unknown): string | number | boolean | undefined {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value
    case 'bigint':
      return value.toString().slice(0, MAX_ATTRIBUTE_LENGTH)
    case 'symbol':
      return value.toString()
    case 'object':
      return value === null ? undefined : textOf(value)
    default:
      return undefined
  }
}

/** Converts a value to a string: objects to JSON. Never throws. */
export function textOf(value: unknown): string {
  try {
    if (typeof value !== 'object' || value === null) return String(value)
    if (isError(value)) return `${value.name}: ${value.message}`
    if (types.isDate(value)) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
    return JSON.stringify(value) ?? String(value)
  } catch {
    return tagOf(value)
  }
}

/** For objects with cycles, bigints or getters that throw. */
function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value)
  } catch {
    return '[object]'
  }
}
