import type { Resource } from '../../base/resource.js'
import { PACKAGE_VERSION } from '../sending/package-version.js'
import { ProtobufWriter, tag } from '../protobuf-writer.js'
import { writeResource } from './attributes.js'

// The same numbers for metrics and spans: Request, ResourceMetrics or ResourceSpans, ScopeMetrics or ScopeSpans, Scope.
const RESOURCE_ITEMS = tag(1, 2)
const RESOURCE = tag(1, 2)
const SCOPE_ITEMS = tag(2, 2)
const SCOPE = tag(1, 2)
const SCOPE_NAME = tag(1, 2)
const SCOPE_VERSION = tag(2, 2)
/** The field of a metric or span in its scope. */
export const ITEM: number = tag(2, 2)

/** The bytes before the metrics or spans of a request, all of which have one resource and one scope. */
export class Envelope {
  readonly #resource: Uint8Array
  readonly #scope: Uint8Array

  constructor(resource: Resource) {
    const out = new ProtobufWriter()
    writeResource(out, RESOURCE, resource)
    this.#resource = Uint8Array.from(out.take())
    const scope = out.open(SCOPE, 1)
    out.string(SCOPE_NAME, 'tallyscope')
    out.string(SCOPE_VERSION, PACKAGE_VERSION)
    out.close(scope, 1)
    this.#scope = Uint8Array.from(out.take())
  }

  /** The beginning of a request whose metrics or spans have so many bytes. */
  head(itemBytes: number): Uint8Array {
    const scope = new ProtobufWriter()
    scope.uint(SCOPE_ITEMS, this.#scope.length + itemBytes)
    scope.raw(this.#scope)
    const scopeBytes = scope.take()
    const out = new ProtobufWriter()
    out.uint(RESOURCE_ITEMS, this.#resource.length + scopeBytes.length + itemBytes)
    out.raw(this.#resource)
    out.raw(scopeBytes)
    return Uint8Array.from(out.take())
  }
}
