import { connect, type Socket } from 'node:net'
import { until } from '../fastify/served.js'

/** What a client asks for, and what is to be counted for it. */
export interface Kind {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  /** The path of the `n`th request of a program. */
  readonly path: (n: number) => string
  /** The template; undefined if no route matches. */
  readonly route?: string
  /** Undefined if the server sends no status line. */
  readonly status?: number
  readonly outcome?: 'ok' | 'error' | 'aborted'
  readonly isStream?: boolean
  readonly isExcluded?: boolean
  /** Further lines of the head. */
  readonly head?: readonly string[]
  readonly body?: string
  /** What the client waits for before it closes the connection. */
  readonly awaits?: string
}

const ok = (path: string, more: Partial<Kind> = {}): Kind => ({ path: () => path, route: path, status: 200, ...more })

const BODY = 'wörld'.repeat(10)
const CHUNKED = ['5', 'hello', '0', '', ''].join('\r\n')
const UPGRADE = ['connection: upgrade', 'upgrade: echo']

/** What servers send of a body that they do not end. */
export const PART = 'the first part'

/** Requests that are answered, after which the connection can be used again. */
export const ANSWERED = {
  ok: ok('/ok'),
  item: { path: (n) => `/items/${n}?q=${n}`, route: '/items/:id', status: 200 },
  head: ok('/ok', { method: 'HEAD' }),
  late: { path: (n) => `/late/${n % 4}`, route: '/late/:ms', status: 200 },
  hints: ok('/hints'),
  chunks: ok('/chunks'),
  empty: ok('/empty', { status: 204 }),
  moved: ok('/moved', { status: 302 }),
  fail: ok('/fail', { status: 500, outcome: 'error' }),
  throws: ok('/throws', { status: 500, outcome: 'error' }),
  missing: { path: (n) => `/nowhere/${n}`, status: 404 },
  echo: ok('/echo', { method: 'POST', body: BODY, head: ['content-type: text/plain', `content-length: ${Buffer.byteLength(BODY)}`] }),
  chunked: ok('/echo', { method: 'POST', body: CHUNKED, head: ['content-type: text/plain', 'transfer-encoding: chunked'] }),
  health: ok('/health', { isExcluded: true }),
} satisfies Record<string, Kind>

/** Requests with which their connection ends. The server ends it for `breaks` and `drop`, the client for the others. */
export const LAST = {
  never: { path: (n) => `/never/${n}`, route: '/never/:n', outcome: 'aborted' },
  partial: ok('/partial', { outcome: 'aborted', awaits: PART }),
  breaks: ok('/breaks', { outcome: 'error' }),
  drop: { path: () => '/drop', route: '/drop', outcome: 'error' },
  events: ok('/events', { isStream: true, awaits: PART }),
  upload: {
    path: () => '/echo',
    route: '/echo',
    method: 'POST',
    outcome: 'aborted',
    body: 'x',
    head: ['content-type: text/plain', 'content-length: 9'],
  },
  agree: { path: () => '/agree', status: 101, isStream: true, head: UPGRADE, awaits: '\r\n\r\n' },
  refuse: { path: () => '/refuse', status: 401, head: UPGRADE, awaits: '\r\n\r\n' },
} satisfies Record<string, Kind>

export type KindName = keyof typeof ANSWERED | keyof typeof LAST

/** One request of a program. */
export interface Asked {
  readonly name: KindName
  readonly kind: Kind
  readonly id: string
  readonly traceId: string
}

/** The requests of one connection: written together in batches, then one that ends the connection. */
export interface Program {
  readonly batches: readonly (readonly Asked[])[]
  readonly last: Asked | undefined
  /** Written behind `last` and never sent a response, since that of `last` is first. */
  readonly behind: readonly Asked[]
}

const HEX_DIGITS = 16

/** Makes requests of the kinds that a server knows. */
export function requestMaker(random: () => number, knows: (name: string) => boolean): (from: Record<string, Kind>) => Asked {
  let made = 0
  return (from) => {
    const names = Object.keys(from).filter(knows)
    const name = names[Math.floor(random() * names.length)] as KindName
    const traceId = Array.from({ length: 32 }, () => Math.floor(random() * HEX_DIGITS).toString(16)).join('')
    return { name, kind: from[name]!, id: String(made++), traceId }
  }
}

/** Makes programs of these requests. */
export function makePrograms(random: () => number, count: number, knows: (name: string) => boolean): Program[] {
  const asked = requestMaker(random, knows)
  const times = (most: number): unknown[] => Array.from({ length: Math.floor(random() * (most + 1)) })
  return Array.from({ length: count }, () => {
    const batches = times(4).map(() => [undefined, ...times(3)].map(() => asked(ANSWERED)))
    const last = random() < 0.8 ? asked(LAST) : undefined
    return {
      batches,
      last,
      behind: last?.name === 'never' ? times(3).map(() => asked({ ok: ANSWERED.ok, missing: ANSWERED.missing })) : [],
    }
  })
}

/** `request GET /ok 200 ok`, or `stream …`; undefined if it is not to be counted. */
export function rowOf({ kind }: Asked, outcome = kind.outcome ?? 'ok'): string | undefined {
  if (kind.isExcluded === true) return undefined
  return [kind.isStream === true ? 'stream' : 'request', kind.method ?? 'GET', kind.route ?? 'unmatched', kind.status ?? '', outcome].join(
    ' ',
  )
}

/** All that is to be counted, by row. */
export function expectedOf(programs: readonly Program[]): Record<string, number> {
  const rows = programs.flatMap(({ batches, last, behind }) => [
    ...batches.flat().map((each) => rowOf(each)),
    ...(last === undefined ? [] : [rowOf(last)]),
    ...behind.map((each) => rowOf(each, 'aborted')),
  ])
  return countsOf(rows.filter((row) => row !== undefined))
}

export function countsOf(rows: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const row of rows) counts[row] = (counts[row] ?? 0) + 1
  return counts
}

const headOf = ({ kind, id, traceId }: Asked): string =>
  [
    `${kind.method ?? 'GET'} ${kind.path(Number(id))} HTTP/1.1`,
    'host: h',
    `x-id: ${id}`,
    `traceparent: 00-${traceId}-00f067aa0ba902b7-01`,
    ...(kind.head ?? []),
    '',
    kind.body ?? '',
  ].join('\r\n')

/** The bytes of the bodies of all responses that are complete in `text`. */
function bodiesIn(text: string, asked: readonly Asked[]): number[] {
  const bodies: number[] = []
  let rest = text
  while (bodies.length < asked.length) {
    const head = /^HTTP\/1\.1 (\d+) [^]*?\r\n\r\n/.exec(rest)
    if (head === null) return bodies
    rest = rest.slice(head[0].length)
    if (head[1]!.startsWith('1')) continue
    const isEmpty = head[1] === '204' || asked[bodies.length]!.kind.method === 'HEAD'
    const length = isEmpty ? '0' : /^content-length: (\d+)/im.exec(head[0])?.[1]
    const body = length === undefined ? chunked(rest) : { bytes: Number(length), end: Number(length) }
    if (body === undefined || body.end > rest.length) return bodies
    rest = rest.slice(body.end)
    bodies.push(body.bytes)
  }
  return bodies
}

/** The bytes of a chunked body, and where it ends; undefined if the rest is still to come. */
function chunked(text: string): { readonly bytes: number; readonly end: number } | undefined {
  let bytes = 0
  let at = 0
  while (true) {
    const size = /^([\da-f]+)\r\n/i.exec(text.slice(at))
    if (size === null) return undefined
    const length = Number.parseInt(size[1]!, 16)
    at += size[0].length + length + 2
    bytes += length
    if (length === 0) return { bytes, end: at }
  }
}

/** The server as its clients see it. */
export interface Seen {
  readonly port: number
  /** True once the server has read the head of a request. */
  hasArrived(id: string): boolean
  /** Called with the bytes of each body that a client has received as a whole. */
  received(asked: Asked, bytes: number): void
}

/** Runs a program over one bare connection, so that nothing of the library is on the client's side. */
export async function runProgram({ port, hasArrived, received }: Seen, { batches, last, behind }: Program): Promise<void> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk))).on('error', () => {})
  for (const batch of batches) {
    text = ''
    write(socket, batch)
    await until(() => bodiesIn(text, batch).length === batch.length, `the responses to ${batch.map(({ name }) => name).join(', ')}`)
    bodiesIn(text, batch).forEach((bytes, at) => received(batch[at]!, bytes))
  }
  text = ''
  if (last !== undefined) {
    const { awaits, outcome } = last.kind
    write(socket, [last, ...behind])
    if (outcome === 'error') await closed
    else if (awaits !== undefined) await until(() => text.includes(awaits), `the response to ${last.name}`)
    else await until(() => [last, ...behind].every(({ id }) => hasArrived(id)), `the arrival of ${last.name}`)
  }
  socket.destroy()
}

function write(socket: Socket, asked: readonly Asked[]): void {
  socket.write(asked.map(headOf).join(''))
}
