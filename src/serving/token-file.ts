import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { DefinitionError } from '../base/errors.js'

const MAX_BYTES = 65_536

/**
 * Reads bearer tokens from a regular file, one a line; blanks around them are ignored.
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` if it cannot be read or holds no token; nothing of its content is quoted.
 */
export function readTokenFile(path: string): string[] {
  const tokens = readSmallFile(path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (tokens.length === 0) throw refused(path, 'it holds no token')
  return tokens
}

function readSmallFile(path: string): string {
  let descriptor: number | undefined
  try {
    // Without O_NONBLOCK, opening a pipe would hold the process until somebody writes.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.size > MAX_BYTES) throw refused(path, `it is no regular file of at most ${MAX_BYTES} bytes`)
    return readFileSync(descriptor, 'utf8')
  } catch (error) {
    if (error instanceof DefinitionError) throw error
    throw refused(path, (error as NodeJS.ErrnoException).code ?? 'it cannot be read')
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function refused(path: string, why: string): DefinitionError {
  return new DefinitionError(
    'ERR_PROMETHEUS_OPTION',
    `bearerTokenFile must be a readable file with a token: ${JSON.stringify(path)}: ${why}`,
  )
}
