import type { Encoder } from './encoder.js'
import { FamilyTextCache } from './family-text-cache.js'
import { selectFamilies } from './select-families.js'
import { encodeText, type ForSource, oncePerSource } from './text-document.js'

/** The cached text of a source. All handlers of the process share it, and it ends with the view. */
export const textCacheOf: ForSource<FamilyTextCache> = oncePerSource((source, family) => new FamilyTextCache(source, family))

/** Prometheus text 0.0.4: what every scraper reads. Writes the bytes of `formatText`, from rows and in slices. */
export const textEncoder: Encoder = {
  format: 'text',
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  accepts: (mediaType, parameters) => mediaType === 'text/plain' && (parameters.get('version') ?? '0.0.4') === '0.0.4',
  encode: (families, signal, owner) => encodeText(selectFamilies(families), textCacheOf, signal, owner),
}
