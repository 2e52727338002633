/** What cells that hold one number a row have of a distribution: nothing. */
export abstract class ScalarCells {
  count(): number {
    return 0
  }

  sumOfSquaredDeviation(): number {
    return 0
  }

  bucket(): number {
    return 0
  }
}
