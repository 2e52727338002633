import { mergeResources, type Resource, resourceFault, resourceFromEnvironment } from '../../src/base/resource.js'
import { decodeTagEntriesBinary, encodeTagEntriesBinary } from '../../src/stats/tag-codec-binary.js'
import { decodeTagEntriesText, encodeTagEntriesText } from '../../src/stats/tag-codec-text.js'
import { isTagKey, TagMap, type TagTtl } from '../../src/stats/tag-map.js'
import { propagatedTags, type TagEntry, type TagPropagationFilter } from '../../src/stats/tag-wire.js'
import { pushVarint } from '../../src/stats/varint.js'
import { refused, runVectors } from './vectors.js'

type TagIn = [key: string, value: string, ttl?: TagTtl]

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const entry = ([key, value, ttl]: TagIn): TagEntry => ({ key, value, ...(ttl !== undefined && { ttl }) })
const sorted = (tags: readonly TagEntry[]) => tags.map(({ key, value }) => [key, value]).sort(([a], [b]) => (a! < b! ? -1 : 1))

runVectors<string>('tags.key_valid', isTagKey)
type MapOp = [op: 'insert' | 'update' | 'upsert' | 'delete', key: string, value?: string]
runVectors<{ initial?: [string, string][]; ops: MapOp[] }>('tags.map_ops', ({ initial = [], ops }) => {
  let tags = TagMap.of(Object.fromEntries(initial))
  for (const [op, key, value] of ops) {
    if (op === 'delete') tags = tags.with({ [key]: undefined })
    else if (op === 'upsert' || tags.has(key) === (op === 'update')) tags = tags.with({ [key]: value })
  }
  return [...tags].sort(([a], [b]) => (a < b ? -1 : 1))
})

runVectors<{ tags: TagIn[] }>('tags.binary_encode', ({ tags }) => hex(encodeTagEntriesBinary(tags.map(entry)) ?? refused()))
runVectors<string>('tags.binary_decode', (text) => sorted(decodeTagEntriesBinary(Buffer.from(text, 'hex')) ?? refused()))
runVectors<{ tags: TagIn[] }>('tags.text_encode', ({ tags }) => encodeTagEntriesText(tags.map(entry)) ?? refused())
runVectors<string>('tags.text_decode', (text) => sorted(decodeTagEntriesText(text) ?? refused()))
runVectors<{ tags: [string, TagTtl][]; filters: [TagPropagationFilter['action'], string, string][] }>(
  'tags.propagation_filter',
  ({ tags, filters }) => {
    const operators = { EQUAL: 'equal', NOTEQUAL: 'notEqual', HAS_PREFIX: 'hasPrefix' } as const
    const ours = filters.map(([action, operator, value]) => ({ action, operator: operators[operator as keyof typeof operators], value }))
    return propagatedTags(tags.map(([key, ttl]) => ({ key, value: '', ttl })), ours).map(({ key }) => key)
  },
)

runVectors<number>('varint.encode', (value) => {
  const bytes: number[] = []
  pushVarint(value, bytes)
  return hex(Uint8Array.from(bytes))
})

type ResourceIn = { type: string | null; labels: Record<string, string> }
const resourceIn = ({ type, labels }: ResourceIn): Resource => ({ ...(type !== null && { type }), labels })
const resourceOut = ({ type, labels }: Resource) => ({ type: type ?? null, labels })

runVectors<{ type: string | null; labels: string | null }>('resource.env', ({ type, labels }) => {
  const { resource, problems } = resourceFromEnvironment({
    ...(type !== null && { OC_RESOURCE_TYPE: type }),
    ...(labels !== null && { OC_RESOURCE_LABELS: labels }),
  })
  return problems.length > 0 ? refused() : resourceOut(resource)
})
runVectors<ResourceIn[]>('resource.merge', (resources) => (resources.length === 0 ? null : resourceOut(mergeResources(resources.map(resourceIn)))))
runVectors<ResourceIn>('resource.valid', (resource) => resourceFault(resourceIn(resource)) === undefined)

