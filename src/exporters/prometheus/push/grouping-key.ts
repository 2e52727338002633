import { inspectValue } from '../../../base/strings/inspect-value.js'
import { DefinitionError } from '../../../base/errors.js'
import { constantTexts } from '../../../metrics/data/validate-definition.js'
import { isLabelName } from '../format/names.js'

const PLAIN = /^[\w.~-]+$/

/**
 * Returns the path of a group in a Pushgateway, `/metrics/job/…`. Values that are empty or have special characters are encoded as
 * base64url.
 *
 * @throws {@link DefinitionError} `ERR_PUSH_GROUP` if the job is empty, or a label is not valid, is `job` or has no string.
 * @see https://github.com/prometheus/pushgateway#url
 */
export function groupPath(job: string, labels: Readonly<Record<string, string>> = {}): string {
  if (typeof job !== 'string' || job === '') throw new DefinitionError('ERR_PUSH_GROUP', 'a job must be a string that is not empty')
  const parts = constantTexts('ERR_PUSH_GROUP', 'grouping labels', labels).map(([name, value]) => {
    if (!isLabelName(name) || name === 'job') {
      throw new DefinitionError('ERR_PUSH_GROUP', `a grouping label must be a valid label name other than job: it is ${inspectValue(name)}`)
    }
    return pair(name, value)
  })
  return `/metrics/${[pair('job', job), ...parts].join('/')}`
}

function pair(name: string, value: string): string {
  if (PLAIN.test(value) && !/^\.+$/.test(value)) return `${name}/${value}`
  return `${name}@base64/${Buffer.from(value).toString('base64url') || '='}`
}
