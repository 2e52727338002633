import type { Encoder } from './encoder.js'
import { FamilyTextCache } from './family-text-cache.js'
import { selectFamilies } from './select-families.js'
import { encodeText, type ForSource, oncePerSource } from './text-document.js'

/** The text cache of a source, which all handlers of the process share. It lives as long as the source. */
export const textCacheOf: ForSource<FamilyTextCache> = oncePerSource((source, family) => new FamilyTextCache(source, family))

/** Prometheus text 0.0.4, which every scraper supports. Writes the same bytes as {@link formatText}, from rows and in slices. */
export const textEncoder: Encoder = {
  format: 'text',
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  accepts: (mediaType, parameters) => mediaType === 'text/plain' && (parameters.get('version') ?? '0.0.4') === '0.0.4',
  encode: (families, signal, owner) => encodeText(selectFamilies(families), textCacheOf, signal, owner),
}
