/** The canonical codes, numbered as in google.rpc.Code. */
export const StatusCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode]

const NAMES = Object.keys(StatusCode) as readonly (keyof typeof StatusCode)[]

/** The name of a canonical code. */
export function statusCodeName(code: StatusCode): string {
  return NAMES[code] ?? 'UNKNOWN'
}

export function isStatusCode(code: unknown): code is StatusCode {
  return typeof code === 'number' && Number.isInteger(code) && code >= 0 && code < NAMES.length
}
