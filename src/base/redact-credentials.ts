const QUERY_VALUE = /([?&][^=&?]*=)[^&#]+/g

/**
 * Removes user, password and values of the query from the URLs in a string: `http://…@gateway:9091/?key=…`. Everything between `//`, or
 * the beginning of the word, and its last `@` may be a secret.
 */
export function redactCredentials(text: string): string {
  return text.includes('@') || text.includes('?')
    ? text
        .split(/([\s"'(),]+)/)
        .map(maskedWord)
        .join('')
    : text
}

/** Cuts a string, which may be very long, before credentials are searched in it. A possible password is masked up to the cut. */
export function cutRedacted(text: string, length: number): string {
  return redactCredentials(text.length > length ? `${text.slice(0, length)}@` : text)
}

function maskedWord(word: string): string {
  const end = word.lastIndexOf('@')
  const slashes = word.indexOf('//')
  const start = slashes >= 0 && slashes < end ? slashes + 2 : word.includes(':') ? 0 : end
  const masked = end > start ? `${word.slice(0, start)}…${word.slice(end)}` : word
  return slashes >= 0 ? masked.replace(QUERY_VALUE, '$1…') : masked
}

const MIN_SECRET_CHARACTERS = 4

/** Replaces every secret in a string, plain or escaped as in JSON. */
export function redactSecrets(text: string, secrets: Iterable<string>): string {
  let shown = text
  const spellings = [...secrets].flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
  ])
  for (const spelling of spellings.sort((a, b) => b.length - a.length)) {
    if (spelling.length >= MIN_SECRET_CHARACTERS) shown = shown.replaceAll(spelling, '…')
  }
  return shown
}
