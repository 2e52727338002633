import { TallyscopeError } from '../base/errors.js'

/** The metrics of the group cannot be gathered now. A scrape fails then, since a page with lower totals would look like a restart. */
export function incomplete(what: string): TallyscopeError {
  return new TallyscopeError('ERR_GROUP_INCOMPLETE', `the metrics of the group are incomplete: ${what}`)
}

export function hasLeft(): TallyscopeError {
  return new TallyscopeError('ERR_GROUP_LEFT', 'this member has left its group')
}
