import type { HttpReply } from '../sending/http-sender.js'
import { replyText } from '../sending/reply-text.js'
import { ProtobufReader } from './protobuf-reader.js'

/** What the receiver reports of the items that it accepted. */
export interface OtlpAnswer {
  /** Points or spans that it has not taken. */
  readonly rejected: number
  /** Why, or a warning if nothing was rejected. Empty if there is none. */
  readonly message: string
  /** False if the answer is no answer of OTLP, such as an HTML page. */
  readonly isReadable: boolean
}

const NOTHING_TO_SAY: OtlpAnswer = { rejected: 0, message: '', isReadable: true }
const UNREADABLE: OtlpAnswer = { rejected: 0, message: '', isReadable: false }

/** Reads an Export…ServiceResponse. What cannot be read does not turn a success into a failure. */
export function otlpAnswer({ body, headers, secrets }: HttpReply): OtlpAnswer {
  if (body === undefined) return UNREADABLE
  if (body.length === 0) return NOTHING_TO_SAY
  try {
    const { rejected, message } = isJson(headers) ? jsonAnswer(String(body)) : protobufAnswer(body)
    return { rejected, message: replyText(message, secrets), isReadable: true }
  } catch {
    return UNREADABLE
  }
}

/** The receiver's reason for a refusal: the message of a google.rpc.Status, or the body as it is. */
export function otlpFailure({ body, headers, secrets }: HttpReply): string {
  if (body === undefined) return 'an answer that cannot be read'
  return replyText(statusMessage(body, headers), secrets)
}

function statusMessage(body: Buffer, headers: HttpReply['headers']): string {
  const text = String(body)
  try {
    if (isJson(headers)) return String((JSON.parse(text) as { message?: unknown }).message ?? text)
    if (!String(headers['content-type'] ?? '').includes('protobuf')) return text
    const reader = new ProtobufReader(body)
    while (reader.next()) {
      if (reader.field === 2 && reader.wire === 2) return reader.string()
      reader.skipField()
    }
    return ''
  } catch {
    return text
  }
}

function isJson(headers: HttpReply['headers']): boolean {
  return String(headers['content-type'] ?? '').includes('json')
}

function jsonAnswer(text: string): { rejected: number; message: string } {
  const { partialSuccess } = JSON.parse(text) as { partialSuccess?: Record<string, unknown> | null }
  // 64-bit numbers are strings in the JSON of protobuf; not all receivers know.
  const rejected = Number(partialSuccess?.['rejectedDataPoints'] ?? partialSuccess?.['rejectedSpans'] ?? 0)
  const message = partialSuccess?.['errorMessage']
  return { rejected: rejected > 0 ? rejected : 0, message: typeof message === 'string' ? message : '' }
}

function protobufAnswer(body: Buffer): { rejected: number; message: string } {
  let rejected = 0
  let message = ''
  const reader = new ProtobufReader(body)
  while (reader.next()) {
    if (reader.field !== 1 || reader.wire !== 2) {
      reader.skipField()
      continue
    }
    const from = reader.block()
    const partial = new ProtobufReader(body, from, reader.at)
    while (partial.next()) {
      if (partial.field === 1 && partial.wire === 0) rejected = partial.varint()
      else if (partial.field === 2 && partial.wire === 2) message = partial.string()
      else partial.skipField()
    }
  }
  return { rejected: Number.isSafeInteger(rejected) ? rejected : 0, message }
}
