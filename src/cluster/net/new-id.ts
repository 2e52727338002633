import { randomBytes } from 'node:crypto'

/** 32 hexadecimal digits, different each time and in each process: numbers of processes are given again. */
export function newId(): string {
  return randomBytes(16).toString('hex')
}
