import { TallyscopeError } from '../base/errors.js'

/** Why the metrics of a group cannot be had now. A scrape fails then: a page with lower totals would look like a restart. */
export function incomplete(what: string): TallyscopeError {
  return new TallyscopeError('ERR_GROUP_INCOMPLETE', `the group has no whole view of its metrics: ${what}`)
}

export function hasLeft(): TallyscopeError {
  return new TallyscopeError('ERR_GROUP_LEFT', 'this member has left its group')
}
