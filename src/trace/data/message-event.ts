import { cutName } from './cut-strings.js'

/** The direction of a message. The numbers are those of the OpenCensus formats. */
export const MessageEventType = { UNSPECIFIED: 0, SENT: 1, RECEIVED: 2 } as const
export type MessageEventType = (typeof MessageEventType)[keyof typeof MessageEventType]

export interface MessageEventInit {
  /** Identifies a message within its span. */
  readonly id: string | number
  /** Default UNSPECIFIED. */
  readonly type?: MessageEventType
  readonly uncompressedSizeBytes?: number
  /** Default: the uncompressed size. */
  readonly compressedSizeBytes?: number
  /** Milliseconds since 1970. Default: now. */
  readonly timeUnixMs?: number
}

/** A message sent or received within a span. */
export interface MessageEvent {
  readonly timeUnixMs: number
  readonly id: string | number
  readonly type: MessageEventType
  readonly uncompressedSizeBytes: number | undefined
  readonly compressedSizeBytes: number | undefined
}

/** Fields of a wrong type get their default. Throws if the id cannot be converted to a string. */
export function messageEvent(init: MessageEventInit, nowUnixMs: number): MessageEvent {
  const { id, type, timeUnixMs } = init
  const uncompressedSizeBytes = finite(init.uncompressedSizeBytes)
  return Object.freeze({
    timeUnixMs: finite(timeUnixMs) ?? nowUnixMs,
    id: typeof id === 'number' ? id : cutName(String(id)),
    type: type === MessageEventType.SENT || type === MessageEventType.RECEIVED ? type : MessageEventType.UNSPECIFIED,
    uncompressedSizeBytes,
    compressedSizeBytes: finite(init.compressedSizeBytes) ?? uncompressedSizeBytes,
  })
}

/** A number that JSON can represent. A bigint is converted. */
function finite(value: number | bigint | undefined): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return Number.isFinite(number) ? number : undefined
}

/** The JSON form: sizes are left out if they are not known. */
export function messageEventJson({ id, type, uncompressedSizeBytes, compressedSizeBytes }: MessageEvent): object {
  return {
    id,
    type,
    ...(uncompressedSizeBytes !== undefined && { uncompressed_size_bytes: uncompressedSizeBytes }),
    ...(compressedSizeBytes !== undefined && { compressed_size_bytes: compressedSizeBytes }),
  }
}
