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

/** Replaces every secret in a string, as it is or as JSON, HTML or a URL escapes it. */
export function redactSecrets(text: string, secrets: Iterable<string>): string {
  let shown = text
  const longestFirst = [...secrets].filter(({ length }) => length >= MIN_SECRET_CHARACTERS).sort((a, b) => b.length - a.length)
  for (const secret of longestFirst) {
    shown = shown.replaceAll(secret, '…')
    if (!/[^\da-z]/i.test(secret)) continue
    const parts = secret.match(/\\+|[^\\]/gu) ?? []
    shown = shown.replace(new RegExp(parts.map(spellings).join(''), 'gi'), '…')
  }
  return shown
}

const NAMED: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }

/**
 * A pattern for a character of a secret, or for consecutive backslashes, which one by one could match in very many ways. A UTF-16 unit is
 * spelled with at most twelve.
 */
function spellings(part: string): string {
  if (/[\da-z]/i.test(part)) return part
  const units = part.split('').map((unit) => `\\\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const bytes = [...Buffer.from(part)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
  const html = [...part].map((char) => {
    const code = char.codePointAt(0)!
    const name = char in NAMED ? `|&${NAMED[char]};` : ''
    return `(?:&#0{0,2}${code};|&#x0{0,2}${code.toString(16)};${name})`
  })
  const plain = part.replace(/[^\w\s]/g, '\\$&')
  const all = [units.join(''), bytes.join(''), html.join(''), plain, ...(part === ' ' ? ['\\+'] : [])]
  return part.startsWith('\\') ? `(?:${plain}${plain}|${all.join('|')})` : `\\\\?(?:${all.join('|')})`
}
