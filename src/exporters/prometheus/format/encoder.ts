import type { SliceOwner } from '../../../base/time-slicer.js'
import type { Family } from '../../../metrics/data/row-source.js'

/**
 * One wire format. Everything that writes a document goes through this, so that another format is one more file,
 * handed to the handler as one more of its `encoders`.
 */
export interface Encoder {
  /** Short name, a label value of the library's counters: `text`, `openmetrics`, `protobuf`. */
  readonly format: string
  /** Sent as it is, followed by `; escaping=…` if the request named a scheme. */
  readonly contentType: string
  /** True if a clause of Accept accepts this format. `mediaType` and parameters are in lower case. */
  accepts(mediaType: string, parameters: ReadonlyMap<string, string>): boolean
  /**
   * The document in chunks, with a turn of the event loop between slices of work. Stops with the signal's reason
   * if it is aborted. What ends without an error is a whole document.
   * @param owner `client` if a scraper waits for the document: exports of the process are then not delayed by many scrapes.
   */
  encode(families: readonly Family[], signal?: AbortSignal, owner?: SliceOwner): AsyncIterable<Uint8Array>
}
