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

export function messageEvent(init: MessageEventInit, nowUnixMs: number): MessageEvent {
  const { id, type = MessageEventType.UNSPECIFIED, uncompressedSizeBytes, timeUnixMs = nowUnixMs } = init
  const compressedSizeBytes = init.compressedSizeBytes ?? uncompressedSizeBytes
  const shortId = typeof id === 'string' ? cutName(id) : id
  return Object.freeze({ timeUnixMs, id: shortId, type, uncompressedSizeBytes, compressedSizeBytes })
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
