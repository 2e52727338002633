/** One clause of Accept or Accept-Encoding: `text/plain;version="0.0.4";q=0.5`. */
interface HeaderClause {
  /** In lower case, without parameters. */
  readonly value: string
  /** Names and values in lower case, values without their quotes. Without `q`. */
  readonly parameters: ReadonlyMap<string, string>
  /** 0…1; 1 if none was given. */
  readonly q: number
}

/** Longer headers are cut. Node's default limit for all headers is 16 KiB too. */
const MAX_LENGTH = 16_384
/** Scrapers send up to six clauses, browsers about ten. Further ones are ignored. */
const MAX_CLAUSES = 256
const MAX_PARAMETERS = 32

const VALUE = /^[\w!#$%&'*+.^`|~-]+(?:\/[\w!#$%&'*+.^`|~-]+)?$/
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
const Q = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map()

/**
 * Parses Accept or Accept-Encoding. Returns the clauses by descending preference; equal ones keep their order. Malformed clauses are
 * ignored. Never throws, and takes linear time.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.4.2
 */
export function headerClauses(header: string): HeaderClause[] {
  return split(header.slice(0, MAX_LENGTH), ',', MAX_CLAUSES)
    .map(readClause)
    .filter((clause) => clause !== undefined)
    .sort((a, b) => b.q - a.q)
}

function readClause(text: string): HeaderClause | undefined {
  const [first = '', ...rest] = split(text, ';', MAX_PARAMETERS).map((part) => part.trim())
  const value = first.toLowerCase()
  if (!VALUE.test(value)) return undefined
  if (rest.length === 0) return { value, parameters: NO_PARAMETERS, q: 1 }
  const parameters = new Map<string, string>()
  let q = 1
  for (const part of rest) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(equals, 0)).trim().toLowerCase()
    const given = unquoted(part.slice(equals + 1).trim())
    if (!NAME.test(name) || given === undefined) return undefined
    if (name !== 'q') parameters.set(name, given.toLowerCase())
    else if (Q.test(given)) q = Number(given)
    else return undefined
  }
  return { value, parameters, q }
}

function unquoted(text: string): string | undefined {
  if (!text.includes('"')) return text === '' ? undefined : text
  const closed = text.length > 1 && text.startsWith('"') && text.endsWith('"')
  return closed ? text.slice(1, -1).replace(/\\(.)/g, '$1') : undefined
}

/** Splits at a separator outside of quotes. Parts beyond the limit are left out. */
function split(text: string, separator: string, most: number): string[] {
  if (!text.includes('"')) return text.split(separator, most)
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i < text.length && parts.length < most; i++) {
    const character = text[i]
    if (quoted && character === '\\') i++
    else if (character === '"') quoted = !quoted
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  if (parts.length < most) parts.push(text.slice(start))
  return parts
}
