import { readSmallFile } from '../serving/read-small-file.js'

const MAX_BYTES = 1 << 20

/**
 * The content of a configuration file, which must be a regular file of at most 1 MiB.
 * @throws Error whose message names the cause, such as `ENOENT`.
 */
export function readConfigurationFile(name: string): { readonly name: string; readonly text: string } {
  return { name, text: readSmallFile(name, MAX_BYTES) }
}
