import { randomBytes } from 'node:crypto'

/** Returns 32 random hexadecimal digits. The id of a process would not do, because the system reuses it. */
export function newId(): string {
  return randomBytes(16).toString('hex')
}
