import type { SliceOwner } from '../../../base/time-slicer.js'
import type { Family } from '../../../metrics/data/row-source.js'

/** One exposition format. To add a format, implement this and add it to the `encoders` of the handler. */
export interface Encoder {
  /** The value of the label `format` in internal metrics: `text`, `openmetrics`, `protobuf`. */
  readonly format: string
  /** The content type of the response. `; escaping=…` is appended if the request has an escaping scheme. */
  readonly contentType: string
  /** Returns true if an element of the Accept header accepts this format. `mediaType` and parameters are in lower case. */
  accepts(mediaType: string, parameters: ReadonlyMap<string, string>): boolean
  /**
   * Encodes a document in chunks, in slices of about 2 ms. Throws the signal's reason if it is aborted. A document is complete if the
   * iteration ends without an error.
   * @param owner `client` if a scraper waits for the document, so that many scrapes do not delay exports of the process.
   */
  encode(families: readonly Family[], signal?: AbortSignal, owner?: SliceOwner): AsyncIterable<Uint8Array>
}
