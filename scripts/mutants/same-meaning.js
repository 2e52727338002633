// Mutants that no test can tell from the code, with the reason. `code` is the line as the report shows it.
export const SAME_MEANING = []
