import type { RowChunk } from '../../metrics/data/row-source.js'

/** How labels are written: as tags of DogStatsD, Graphite or Influx, or as further parts of the name. */
export type TagStyle = 'dogstatsd' | 'graphite' | 'influx' | 'none'

/** Set on the one series of all values beyond the limit. */
const OVERFLOW_TAG = 'tallyscope_overflow'

/** The parts of a line before its value, after the name, and after the type. */
export interface LineTags {
  readonly behindName: string
  readonly atEnd: string
}

/**
 * The name of a metric: `shop/latency` is `shop.latency`. What StatsD has no place for becomes `_`.
 * @param prefix Empty, or what every name begins with, its last dot included.
 */
export function statsdName(name: string, prefix: string): string {
  const parts = name.replace(/[^A-Za-z0-9_.\-/]/gu, '_').split(/[/.]+/)
  const joined = parts.filter((part) => part !== '').join('.')
  return prefix + (joined === '' ? '_' : joined)
}

// No value of a tag may end its tag, its line or its packet: what it could do so with becomes `_`.
const IN_VALUE: Readonly<Record<TagStyle, RegExp>> = {
  dogstatsd: /[\p{Cc}\p{Zl}\p{Zp}|,#]/gu,
  graphite: /[^A-Za-z0-9_.-]/gu,
  influx: /[\p{Cc}\p{Z}\s|,#=:;@]/gu,
  none: /[^A-Za-z0-9_-]/gu,
}

/** The value of a tag without what has a meaning in the protocol. */
export function tagValue(value: string, style: TagStyle): string {
  const text = value.toWellFormed().replace(IN_VALUE[style], '_').trim()
  return text === '' ? '_' : text
}

/** The key of a tag, legal in every style. */
export function tagKey(key: string): string {
  return key.replace(/[^A-Za-z0-9_.\-/]/gu, '_')
}

/** Writes the labels of rows, with tags that every line has. A label of a row replaces the tag of its key. */
export class TagWriter {
  readonly #style: TagStyle
  readonly #constant: readonly (readonly [key: string, value: string])[]
  readonly #fields: string

  /** @param fields The end of every line, such as `|card:low`. */
  constructor(style: TagStyle, constant: Readonly<Record<string, string>>, fields: string) {
    this.#style = style
    this.#fields = fields
    const set = Object.entries(constant).filter(([, value]) => value !== '')
    this.#constant = set.map(([key, value]) => [tagKey(key), tagValue(value, style)])
  }

  /** The tags of one row, and of further parts of it, such as `le` of a bucket. */
  tags(labelKeys: readonly string[], chunk: RowChunk, cell: number, more: readonly (readonly [string, string])[] = []): LineTags {
    const tags = new Map<string, string>(this.#constant)
    for (let key = 0; key < labelKeys.length; key++) {
      const value = chunk.labelValue(cell, key)
      const name = tagKey(labelKeys[key]!)
      if (value !== undefined && value !== '') tags.set(name, tagValue(value, this.#style))
      else if (this.#style === 'none') tags.set(name, '_') // a part of a name cannot be left out: the next ones would take its place
    }
    if (chunk.isOverflow(cell)) tags.set(OVERFLOW_TAG, this.#style === 'none' ? OVERFLOW_TAG : 'true')
    for (const [key, value] of more) tags.set(key, tagValue(value, this.#style))
    return this.#join(tags)
  }

  #join(tags: ReadonlyMap<string, string>): LineTags {
    if (this.#style === 'dogstatsd') {
      const text = Array.from(tags, ([key, value]) => `${key}:${value}`).join(',')
      return { behindName: '', atEnd: (text === '' ? '' : `|#${text}`) + this.#fields }
    }
    let behindName = ''
    for (const [key, value] of tags) {
      if (this.#style === 'none') behindName += `.${value}`
      else behindName += this.#style === 'graphite' ? `;${key}=${value}` : `,${key}=${value}`
    }
    return { behindName, atEnd: '' }
  }
}
