import { checkRequiredOptions, type OptionNames } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import { isWireText } from '../../stats/tags/tag-propagation.js'
import { TagMap } from '../../stats/tags/tag-map.js'
import { withoutBlanks } from './header-value.js'
import type { HeaderGetter, HeaderSetter } from './propagator.js'

const HEADER = 'baggage'
const MAX_LENGTH = 8_192
const MAX_MEMBERS = 180
const MAX_MEMBER_LENGTH = 4_096

// Keys must be tokens of RFC 7230.
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
// Characters that must be escaped: all except printable ASCII without blank, quote, comma, semicolon, backslash and percent.
const UNSAFE = /[^!#$&-+\--:<-[\]-~]/gu

const LONE_SURROGATE = /^[\ud800-\udfff]$/

/** One pair of a baggage header. */
export type BaggageEntry = readonly [key: string, value: string]

/**
 * Parses a baggage header. Members beyond the limits and invalid members are skipped, and properties are ignored. The last member of a
 * repeated key counts. Never throws.
 *
 * @see https://www.w3.org/TR/baggage/
 */
export function parseBaggage(text: string): BaggageEntry[] {
  const entries = new Map<string, string>()
  const whole = text.length <= MAX_LENGTH
  for (let from = 0, members = 0; from < Math.min(text.length, MAX_LENGTH) && members < MAX_MEMBERS; members++) {
    const comma = text.indexOf(',', from)
    const to = comma < 0 ? text.length : comma
    if (!whole && to > MAX_LENGTH) break
    const entry = to - from > MAX_MEMBER_LENGTH ? undefined : parseMember(text.slice(from, to))
    if (entry !== undefined) entries.set(entry[0], entry[1])
    from = to + 1
  }
  return [...entries]
}

function parseMember(member: string): BaggageEntry | undefined {
  const semicolon = member.indexOf(';')
  const pair = semicolon < 0 ? member : member.slice(0, semicolon)
  const equals = pair.indexOf('=')
  if (equals < 1) return undefined
  const key = withoutBlanks(pair.slice(0, equals))
  if (!TOKEN.test(key)) return undefined
  try {
    return [key, decodeURIComponent(withoutBlanks(pair.slice(equals + 1)))]
  } catch {
    return undefined // bad percent-encoding
  }
}

/** Formats pairs as a baggage header. Invalid pairs and pairs beyond the limits are left out. */
export function formatBaggage(entries: Iterable<BaggageEntry>): string {
  const members: string[] = []
  let length = 0
  for (const [key, value] of entries) {
    if (members.length === MAX_MEMBERS) break
    if (!TOKEN.test(key)) continue
    const member = `${key}=${escaped(value)}`
    const grown = length + member.length + (length === 0 ? 0 : 1)
    if (member.length > MAX_MEMBER_LENGTH || grown > MAX_LENGTH) continue
    members.push(member)
    length = grown
  }
  return members.join(',')
}

/**
 * Adds members to a baggage header. They replace members with the same keys; the others, and their properties, stay as they are. Members
 * beyond the limits are not added.
 * @param added As `formatBaggage` returns them.
 */
export function addMembers(header: string, added: string): string {
  const members = withoutKeysOf(header, added)
  let length = members.join(',').length
  for (const member of added.split(',')) {
    const grown = length + member.length + (length === 0 ? 0 : 1)
    if (members.length === MAX_MEMBERS || grown > MAX_LENGTH) break
    members.push(member)
    length = grown
  }
  return members.join(',')
}

/** Removes the members that have keys of `added`. */
export function removeMembers(header: string, added: string): string {
  return withoutKeysOf(header, added).join(',')
}

function withoutKeysOf(header: string, added: string): string[] {
  const keys = new Set(added.split(',').map(keyOf))
  return header.split(',').filter((member) => withoutBlanks(member) !== '' && !keys.has(keyOf(member)))
}

function keyOf(member: string): string {
  return withoutBlanks(member.split(/[=;]/, 1)[0]!)
}

function escaped(value: string): string {
  // encodeURIComponent would throw for a lone surrogate.
  return value.replace(UNSAFE, (char) => (LONE_SURROGATE.test(char) ? '%EF%BF%BD' : encodeURIComponent(char)))
}

export interface TagBaggageOptions {
  /** Keys of tags that may be sent and received. Default: none. */
  readonly allow: readonly string[]
}

const OPTIONS: OptionNames<TagBaggageOptions> = { allow: true }

/**
 * Propagates tags in W3C baggage. Only the tags of an allow-list are sent and received, because tags become labels of metrics, which
 * untrusted callers must not choose. Tags with TTL 0 and values that are not printable ASCII are not sent.
 *
 * @example
 * new Tracer({ baggage: new TagBaggage({ allow: ['tenant'] }) })
 */
export class TagBaggage {
  readonly allow: readonly string[]
  readonly fields: readonly string[] = [HEADER]

  /** @throws {@link DefinitionError} `ERR_OPTION` for an unknown option, `ERR_TRACER_OPTION` unless `allow` is a list. */
  constructor(options: TagBaggageOptions) {
    checkRequiredOptions('TagBaggage', options, OPTIONS)

    const { allow } = options
    if (!Array.isArray(allow) || !allow.every((key) => typeof key === 'string'))
      throw new DefinitionError('ERR_TRACER_OPTION', 'allow of TagBaggage must be a list of tag keys')
    this.allow = Object.freeze([...allow])
  }

  inject(tags: TagMap, set: HeaderSetter): void {
    const entries: BaggageEntry[] = []
    for (const key of this.allow) {
      const value = tags.get(key)
      if (value !== undefined && tags.ttl(key) !== 0 && isWireText(value)) entries.push([key, value])
    }
    const header = formatBaggage(entries)
    if (header !== '') set(HEADER, header)
  }

  extract(get: HeaderGetter): TagMap {
    const text = get(HEADER)
    if (text === undefined || this.allow.length === 0) return TagMap.EMPTY
    const allowed = parseBaggage(text).filter(([key, value]) => this.allow.includes(key) && isWireText(value))
    return allowed.length === 0 ? TagMap.EMPTY : TagMap.of(Object.fromEntries(allowed))
  }
}
