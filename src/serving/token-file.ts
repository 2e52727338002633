import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/strings/inspect-value.js'
import { readSmallFile } from './read-small-file.js'

const MAX_BYTES = 65_536

/**
 * Reads bearer tokens from a regular file, one per line. Blanks around them are ignored.
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` if it cannot be read or has no token. The message does not quote the content.
 */
export function readTokenFile(path: string): string[] {
  const tokens = readText(path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (tokens.length === 0) throw refused(path, 'it contains no token')
  return tokens
}

function readText(path: string): string {
  try {
    return readSmallFile(path, MAX_BYTES)
  } catch (error) {
    throw refused(path, (error as Error).message)
  }
}

function refused(path: string, why: string): DefinitionError {
  return new DefinitionError('ERR_PROMETHEUS_OPTION', `bearerTokenFile must be a readable file with a token: ${inspectValue(path)}: ${why}`)
}
