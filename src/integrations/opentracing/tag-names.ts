import { Tags as NpmTags } from 'opentracing'

type StandardTags = typeof NpmTags & {
  readonly SPAN_KIND_PRODUCER: 'producer'
  readonly SPAN_KIND_CONSUMER: 'consumer'
  readonly SERVICE: 'service'
  readonly DATABASE_INSTANCE: 'db.instance'
  readonly DATABASE_STATEMENT: 'db.statement'
  readonly DATABASE_TYPE: 'db.type'
  readonly DATABASE_USER: 'db.user'
}

/** The standard tags of OpenTracing: those of the npm package, plus those that only OpenTracing for Python names. */
export const Tags: StandardTags = {
  ...NpmTags,
  SPAN_KIND_PRODUCER: 'producer',
  SPAN_KIND_CONSUMER: 'consumer',
  SERVICE: 'service',
  DATABASE_INSTANCE: 'db.instance',
  DATABASE_STATEMENT: 'db.statement',
  DATABASE_TYPE: 'db.type',
  DATABASE_USER: 'db.user',
}

/** The standard log fields of OpenTracing. */
export const LogFields = {
  EVENT: 'event',
  MESSAGE: 'message',
  STACK: 'stack',
  ERROR_KIND: 'error.kind',
  ERROR_OBJECT: 'error.object',
  LEVEL: 'level',
} as const

/** The formats of `inject` and `extract` as in OpenTracing for Python. In the npm package they are named `FORMAT_…`. */
export const Format = { TEXT_MAP: 'text_map', HTTP_HEADERS: 'http_headers', BINARY: 'binary' } as const

/** The types of references as in OpenTracing for Python. In the npm package they are named `REFERENCE_…`. */
export const ReferenceType = { CHILD_OF: 'child_of', FOLLOWS_FROM: 'follows_from' } as const
