import { readSmallFile } from '../serving/read-small-file.js'

const MAX_BYTES = 1 << 20

/**
 * Reads a configuration file, which must be a regular file of at most 1 MiB.
 * @throws Error with the cause in its message, such as `ENOENT`.
 */
export function readConfigurationFile(name: string): { readonly name: string; readonly text: string } {
  return { name, text: readSmallFile(name, MAX_BYTES) }
}
