import type { HttpReply } from '../sending/http-sender.js'
import { replyText } from '../sending/reply-text.js'
import { ProtobufReader } from './protobuf-reader.js'

/** An `Export…ServiceResponse` of the receiver. */
interface ExportResponse {
  /** Number of points or spans that the receiver rejected. */
  readonly rejected: number
  /** The reason, or a warning if nothing was rejected. Empty if there is none. */
  readonly message: string
  /** False if the response is not OTLP, such as an HTML page. */
  readonly isReadable: boolean
}

const ACCEPTED: ExportResponse = { rejected: 0, message: '', isReadable: true }
const UNREADABLE: ExportResponse = { rejected: 0, message: '', isReadable: false }

/** Parses the body of a successful response. A body that cannot be parsed does not make it a failure. */
export function readExportResponse({ body, headers, secrets }: HttpReply): ExportResponse {
  if (body === undefined) return UNREADABLE
  if (body.length === 0) return ACCEPTED
  try {
    const { rejected, message } = isJson(headers) ? parseJson(String(body)) : parseProtobuf(body)
    return { rejected, message: replyText(message, secrets), isReadable: true }
  } catch {
    return UNREADABLE
  }
}

/** The reason of a refusal: the message of a `google.rpc.Status`, otherwise the body. */
export function refusalMessage({ body, headers, secrets }: HttpReply): string {
  if (body === undefined) return 'a response that cannot be read'
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

function parseJson(text: string): { rejected: number; message: string } {
  const { partialSuccess } = JSON.parse(text) as { partialSuccess?: Record<string, unknown> | null }
  // 64-bit numbers are strings in protobuf's JSON, but some receivers send numbers.
  const rejected = Number(partialSuccess?.['rejectedDataPoints'] ?? partialSuccess?.['rejectedSpans'] ?? 0)
  const message = partialSuccess?.['errorMessage']
  return { rejected: rejected > 0 ? rejected : 0, message: typeof message === 'string' ? message : '' }
}

function parseProtobuf(body: Buffer): { rejected: number; message: string } {
  let partial = { rejected: 0, message: '' }
  const reader = new ProtobufReader(body)
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === 2) partial = parsePartialSuccess(new ProtobufReader(body, reader.block(), reader.at), partial)
    else reader.skipField()
  }
  return partial
}

/** Reads `Export…PartialSuccess`. Fields that it lacks keep the given values, as protobuf merges repeated messages. */
function parsePartialSuccess(reader: ProtobufReader, given: { rejected: number; message: string }): { rejected: number; message: string } {
  let { rejected, message } = given
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === 0) rejected = reader.varint()
    else if (reader.field === 2 && reader.wire === 2) message = reader.string()
    else reader.skipField()
  }
  return { rejected: Number.isSafeInteger(rejected) ? rejected : 0, message }
}
