/** The distribution part of cells with one number per row: all zero. */
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
