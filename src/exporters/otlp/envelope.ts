import type { Resource } from '../../base/resource.js'
import { PACKAGE_VERSION } from '../../base/package-version.js'
import { ProtobufWriter, tag } from '../protobuf-writer.js'
import { writeResource } from './attributes.js'

// Field numbers, which are the same for metrics and spans: Request, ResourceMetrics or ResourceSpans, ScopeMetrics or ScopeSpans, Scope.
const RESOURCE_ITEMS = tag(1, 2)
const RESOURCE = tag(1, 2)
const SCOPE_ITEMS = tag(2, 2)
const SCOPE = tag(1, 2)
const SCOPE_NAME = tag(1, 2)
const SCOPE_VERSION = tag(2, 2)
/** The field of a metric or span in its scope. */
export const ITEM: number = tag(2, 2)

/** Encodes the bytes before the metrics or spans of a request: one resource and one scope. */
export class Envelope {
  readonly #out = new ProtobufWriter()
  readonly #resource: Uint8Array
  readonly #scope: Uint8Array

  constructor(resource: Resource) {
    const out = this.#out
    writeResource(out, RESOURCE, resource)
    this.#resource = out.takeCopy()
    const scope = out.open(SCOPE, 1)
    out.string(SCOPE_NAME, 'tallyscope')
    out.string(SCOPE_VERSION, PACKAGE_VERSION)
    out.close(scope, 1)
    this.#scope = out.takeCopy()
  }

  /** Returns the beginning of a request with `itemBytes` bytes of metrics or spans. */
  head(itemBytes: number): Uint8Array {
    const out = this.#out
    out.uint(SCOPE_ITEMS, this.#scope.length + itemBytes)
    out.raw(this.#scope)
    const scope = out.takeCopy()
    out.uint(RESOURCE_ITEMS, this.#resource.length + scope.length + itemBytes)
    out.raw(this.#resource)
    out.raw(scope)
    return out.takeCopy()
  }
}
