import type { RowChunk } from '../../metrics/data/row-source.js'

/** How labels are written: as tags of DogStatsD, Graphite or Influx, or as parts of the name. */
export type TagStyle = 'dogstatsd' | 'graphite' | 'influx' | 'none'

/** The tag of the series for all values beyond the cardinality limit. */
const OVERFLOW_TAG = 'tallyscope_overflow'

/** The parts of a line that contain its tags. */
export interface LineTags {
  /** Between the name and the colon. */
  readonly afterName: string
  /** After the type. */
  readonly atEnd: string
}

/**
 * Converts the name of a metric: `shop/latency` becomes `shop.latency`. Illegal characters become `_`.
 * @param prefix Empty, or a prefix that ends with a dot.
 */
export function statsdName(name: string, prefix: string): string {
  const parts = name.replace(/[^A-Za-z0-9_.\-/]/gu, '_').split(/[/.]+/)
  const joined = parts.filter((part) => part !== '').join('.')
  return prefix + (joined === '' ? '_' : joined)
}

// Characters that would end the tag, the line or the packet. They become `_`.
const IN_VALUE: Readonly<Record<TagStyle, RegExp>> = {
  dogstatsd: /[\p{Cc}\p{Zl}\p{Zp}|,#]/gu,
  graphite: /[^A-Za-z0-9_.-]/gu,
  influx: /[\p{Cc}\p{Z}\s|,#=:;@]/gu,
  none: /[^A-Za-z0-9_-]/gu,
}

/** Converts a label value to a tag value. Characters with a meaning in the protocol become `_`. */
function tagValue(value: string, style: TagStyle): string {
  const text = value.toWellFormed().replace(IN_VALUE[style], '_').trim()
  return text === '' ? '_' : text
}

/** Converts a label key to a tag key that is legal in every style. */
function tagKey(key: string): string {
  return key.replace(/[^A-Za-z0-9_.\-/]/gu, '_')
}

/** Writes the labels of rows and the constant tags. A label takes precedence over a constant tag of the same key. */
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

  /** @param more Further tags, such as `le` of a bucket. */
  tags(labelKeys: readonly string[], chunk: RowChunk, cell: number, more: readonly (readonly [string, string])[] = []): LineTags {
    const tags = new Map<string, string>(this.#constant)
    for (let key = 0; key < labelKeys.length; key++) {
      const value = chunk.labelValue(cell, key)
      const name = tagKey(labelKeys[key]!)
      if (value !== undefined && value !== '') tags.set(name, tagValue(value, this.#style))
      else if (this.#style === 'none') tags.set(name, '_') // keeps the position of the following parts
    }
    if (chunk.isOverflow(cell)) tags.set(OVERFLOW_TAG, this.#style === 'none' ? OVERFLOW_TAG : 'true')
    for (const [key, value] of more) tags.set(key, tagValue(value, this.#style))
    return this.#join(tags)
  }

  #join(tags: ReadonlyMap<string, string>): LineTags {
    if (this.#style === 'dogstatsd') {
      const text = Array.from(tags, ([key, value]) => `${key}:${value}`).join(',')
      return { afterName: '', atEnd: (text === '' ? '' : `|#${text}`) + this.#fields }
    }
    let afterName = ''
    for (const [key, value] of tags) {
      if (this.#style === 'none') afterName += `.${value}`
      else afterName += this.#style === 'graphite' ? `;${key}=${value}` : `,${key}=${value}`
    }
    return { afterName, atEnd: '' }
  }
}
