/**
 * A strict reader of OpenMetrics text 1.0.0, written from the specification and sharing nothing with the source.
 * Whatever the specification says MUST or MUST NOT be, and can be seen in one document, throws.
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export interface OpenMetricsExemplar {
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
  readonly timestamp: number | undefined
}

export interface OpenMetricsSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
  readonly exemplar: OpenMetricsExemplar | undefined
}

export interface OpenMetricsFamily {
  readonly name: string
  type: string
  unit: string | undefined
  help: string | undefined
  readonly samples: OpenMetricsSample[]
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  unknown: [''],
  gauge: [''],
  counter: ['_total', '_created'],
  stateset: [''],
  info: ['_info'],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['', '_count', '_sum', '_created'],
}

export function readOpenMetrics(document: string): Map<string, OpenMetricsFamily> {
  if (!document.endsWith('# EOF\n')) throw new Error('the document does not end with # EOF and a line feed')
  const lines = document.slice(0, -'# EOF\n'.length).split('\n')
  if (lines.pop() !== '') throw new Error('# EOF is not a line of its own')
  const reader = new DocumentReader()
  lines.forEach((line, i) => {
    try {
      reader.line(line)
    } catch (error) {
      throw new Error(`line ${i + 1}: ${(error as Error).message}: ${line}`)
    }
  })
  return reader.end()
}

class DocumentReader {
  readonly #families = new Map<string, OpenMetricsFamily>()
  readonly #taken = new Map<string, string>()
  #current: OpenMetricsFamily | undefined

  line(text: string): void {
    if (text === '') throw new Error('blank line')
    if (text.startsWith('#')) this.#metadata(text)
    else this.#sample(text)
  }

  end(): Map<string, OpenMetricsFamily> {
    this.#close()
    return this.#families
  }

  #metadata(text: string): void {
    const cursor = new Cursor(text)
    cursor.literal('# ')
    const what = cursor.word(/(?:TYPE|UNIT|HELP)/y)
    cursor.literal(' ')
    const family = this.#open(cursor.word(/[a-zA-Z_:][a-zA-Z0-9_:]*/y))
    if (family.samples.length > 0) throw new Error('metadata after samples')
    cursor.literal(' ')
    if (what === 'HELP') {
      if (family.help !== undefined) throw new Error('second HELP')
      family.help = cursor.escaped(undefined)
    } else if (what === 'UNIT') {
      const unit = cursor.word(/[a-zA-Z0-9_:]*/y)
      if (family.unit !== undefined) throw new Error('second UNIT')
      if (unit !== '' && !family.name.endsWith(`_${unit}`)) throw new Error('the name does not end in the unit')
      family.unit = unit
    } else {
      const type = cursor.word(/[a-z]+/y)
      if (family.type !== '') throw new Error('second TYPE')
      if (!(type in SUFFIXES)) throw new Error('no such type')
      family.type = type
    }
    cursor.end()
  }

  #open(name: string): OpenMetricsFamily {
    if (this.#current?.name === name) return this.#current
    this.#close()
    if (this.#families.has(name)) throw new Error('a family in two parts')
    this.#current = { name, type: '', unit: undefined, help: undefined, samples: [] }
    this.#families.set(name, this.#current)
    return this.#current
  }

  /** What can be said of a family only when all of it was read. */
  #close(): void {
    const family = this.#current
    if (family === undefined) return
    family.type ||= 'unknown'
    if (family.unit && (family.type === 'info' || family.type === 'stateset')) throw new Error(`${family.name}: unit of ${family.type}`)
    for (const name of new Set([family.name, ...SUFFIXES[family.type]!.map((suffix) => family.name + suffix)])) {
      const owner = this.#taken.get(name)
      if (owner !== undefined) throw new Error(`${name} is a name of ${owner} and of ${family.name}`)
      this.#taken.set(name, family.name)
    }
    checkMetrics(family)
  }

  #sample(text: string): void {
    const cursor = new Cursor(text)
    const name = cursor.word(/[a-zA-Z_:][a-zA-Z0-9_:]*/y)
    const labels = cursor.peek() === '{' ? cursor.labels() : new Map<string, string>()
    cursor.literal(' ')
    const value = cursor.number()
    let exemplar: OpenMetricsExemplar | undefined
    if (cursor.peek() === ' ' && cursor.peek(1) !== '#') throw new Error('a timestamp, which instrumentation does not send')
    if (cursor.peek() === ' ') {
      cursor.literal(' # ')
      if (cursor.peek() !== '{') throw new Error('an exemplar without labels')
      const exemplarLabels = cursor.labels()
      cursor.literal(' ')
      const exemplarValue = cursor.number()
      let timestamp: number | undefined
      if (cursor.peek() === ' ') {
        cursor.literal(' ')
        timestamp = cursor.number()
        if (!Number.isFinite(timestamp)) throw new Error('a timestamp must be finite')
      }
      exemplar = { labels: exemplarLabels, value: exemplarValue, timestamp }
    }
    cursor.end()
    const family = this.#current
    if (family === undefined || !SUFFIXES[family.type || 'unknown']!.some((suffix) => family.name + suffix === name)) {
      throw new Error(`not of the family ${family?.name}`)
    }
    family.samples.push({ name, labels, value, exemplar })
  }
}

class Cursor {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  peek(ahead = 0): string | undefined {
    return this.#text[this.#at + ahead]
  }

  literal(expected: string): void {
    if (!this.#text.startsWith(expected, this.#at)) throw new Error(`column ${this.#at + 1}: expected ${JSON.stringify(expected)}`)
    this.#at += expected.length
  }

  word(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const word = pattern.exec(this.#text)?.[0]
    if (word === undefined) throw new Error(`column ${this.#at + 1}: expected ${pattern}`)
    this.#at += word.length
    return word
  }

  end(): void {
    if (this.#at !== this.#text.length) throw new Error(`column ${this.#at + 1}: something behind the end`)
  }

  /** Text up to `until`, or to the end of the line, with its three escapes undone. */
  escaped(until: string | undefined): string {
    let text = ''
    for (;;) {
      const character = this.#text[this.#at]
      if (character === until) return text
      if (character === undefined) throw new Error('text without end')
      this.#at++
      if (character === '"') throw new Error('a quote without an escape')
      if (character !== '\\') {
        text += character
        continue
      }
      const escaped = this.#text[this.#at++]
      if (escaped !== 'n' && escaped !== '"' && escaped !== '\\') throw new Error(`undefined escape \\${escaped}`)
      text += escaped === 'n' ? '\n' : escaped
    }
  }

  labels(): Map<string, string> {
    const labels = new Map<string, string>()
    this.literal('{')
    while (this.peek() !== '}') {
      if (labels.size > 0) this.literal(',')
      const name = this.word(/[a-zA-Z_][a-zA-Z0-9_]*/y)
      if (name.startsWith('__')) throw new Error('a reserved label name')
      this.literal('="')
      const value = this.escaped('"')
      this.literal('"')
      if (labels.has(name)) throw new Error(`label ${name} twice`)
      labels.set(name, value)
    }
    this.literal('}')
    return labels
  }

  number(): number {
    const word = this.word(/[^ ]+/y)
    if (word === 'NaN') return Number.NaN
    if (word === '+Inf') return Infinity
    if (word === '-Inf') return -Infinity
    if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(word)) throw new Error(`${word} is no number`)
    const number = Number(word)
    if (!Number.isFinite(number)) throw new Error(`${word} is out of range`)
    return number
  }
}

/** Checks what the samples of one family must be among themselves. */
function checkMetrics(family: OpenMetricsFamily): void {
  const { name: familyName, type, samples } = family
  const fail = (what: string): never => {
    throw new Error(`${familyName} (${type}): ${what}`)
  }
  const own =
    type === 'histogram' || type === 'gaugehistogram'
      ? 'le'
      : type === 'summary'
        ? 'quantile'
        : type === 'stateset'
          ? familyName
          : undefined
  const metrics = new Map<string, OpenMetricsSample[]>()
  let previous: string | undefined
  for (const sample of samples) {
    const suffix = sample.name.slice(familyName.length)
    const hasOwn = own !== undefined && sample.labels.has(own)
    const needsOwn = type === 'summary' ? suffix === '' : type === 'stateset' || suffix === '_bucket'
    if (hasOwn && !needsOwn) fail(`${own} where none belongs`)
    if (needsOwn && !hasOwn) fail(`no ${own}`)
    const key = JSON.stringify([...sample.labels].filter(([label]) => label !== own).sort(([a], [b]) => (a < b ? -1 : 1)))
    const metric = metrics.get(key)
    if (metric === undefined) metrics.set(key, [sample])
    else if (key !== previous) fail(`the metric ${key} is in two parts`)
    else metric.push(sample)
    previous = key
    checkExemplar(sample, suffix, type, fail)
  }
  for (const [key, metric] of metrics) {
    const seen = new Set<string>()
    for (const { name, labels } of metric) {
      const identity = JSON.stringify([name, own === undefined ? '' : (labels.get(own) ?? '')])
      if (seen.has(identity)) fail(`${name}${key} twice`)
      seen.add(identity)
    }
    checkValues(familyName, type, metric, fail)
  }
}

function checkExemplar({ name, labels, exemplar }: OpenMetricsSample, suffix: string, type: string, fail: (what: string) => never): void {
  if (exemplar === undefined) return
  if (!(type === 'counter' && suffix === '_total') && suffix !== '_bucket') fail(`an exemplar at ${name}`)
  let length = 0
  for (const [label, text] of exemplar.labels) length += [...label].length + [...text].length
  if (length > 128) fail(`an exemplar of ${length} code points`)
  const le = labels.get('le')
  if (suffix === '_bucket' && !(exemplar.value <= Number(le === '+Inf' ? Infinity : le)))
    fail(`the exemplar ${exemplar.value} is outside of le=${le}`)
}

function checkValues(name: string, type: string, metric: readonly OpenMetricsSample[], fail: (what: string) => never): void {
  const of = (suffix: string) => metric.find((sample) => sample.name === name + suffix)?.value
  const countLike = (value: number | undefined, what: string, whole = false) => {
    if (value !== undefined && (!(value >= 0) || (whole && !Number.isInteger(value)))) fail(`${what} of ${value}`)
  }
  if (type === 'counter') {
    if (of('_total') === undefined) fail('no _total')
    countLike(of('_total'), '_total')
  } else if (type === 'info') {
    for (const { value } of metric) if (value !== 1) fail(`a value of ${value}`)
  } else if (type === 'stateset') {
    for (const { value } of metric) if (value !== 0 && value !== 1) fail(`a state of ${value}`)
  } else if (type === 'summary') {
    countLike(of('_count'), '_count', true)
    countLike(of('_sum'), '_sum')
    for (const { labels, value } of metric) {
      const quantile = labels.get('quantile')
      if (quantile === undefined) continue
      if (!(Number(quantile) >= 0 && Number(quantile) <= 1)) fail(`the quantile ${quantile}`)
      if (!isCanonical(quantile)) fail(`the quantile ${quantile} is not canonical`)
      if (value < 0) fail(`a quantile of ${value}`)
    }
  } else if (type === 'histogram') {
    checkBuckets(
      metric.filter((sample) => sample.name === `${name}_bucket`),
      fail,
    )
    const negative = metric.some(({ labels }) => Number(labels.get('le')) < 0)
    if ((of('_sum') === undefined) !== (of('_count') === undefined)) fail('_sum without _count, or the other way round')
    if (negative && of('_sum') !== undefined) fail('_sum beside negative bounds')
    countLike(of('_sum'), '_sum')
    const total = metric.findLast((sample) => sample.name === `${name}_bucket`)?.value
    if (of('_count') !== undefined && of('_count') !== total) fail(`_count of ${of('_count')} beside +Inf of ${total}`)
  }
  const created = of('_created')
  if (created !== undefined && !Number.isFinite(created)) fail(`_created of ${created}`)
}

function checkBuckets(buckets: readonly OpenMetricsSample[], fail: (what: string) => never): void {
  let bound = -Infinity
  let below = 0
  for (const { labels, value } of buckets) {
    const le = labels.get('le')!
    const next = le === '+Inf' ? Infinity : Number(le)
    if (!isCanonical(le)) fail(`le=${le} is not canonical`)
    if (!(next > bound)) fail(`le=${le} after ${bound}`)
    if (!Number.isInteger(value) || value < below) fail(`a bucket of ${value} after ${below}`)
    bound = next
    below = value
  }
  if (bound !== Infinity) fail('no +Inf bucket')
}

/** As Go prints it with `%g` in its shortest form, and `.0` behind what would read as a whole number. */
function isCanonical(text: string): boolean {
  if (text === '+Inf') return true
  if (!/^-?\d+(\.\d+)?(e[+-]\d{2,3})?$/.test(text)) return false
  const size = Math.abs(Number(text))
  const exponent = size !== 0 && (size < 1e-4 || size >= 1e6)
  return text.includes('e') === exponent && (text.includes('.') || exponent)
}
