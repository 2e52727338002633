import { expect, test } from 'vitest'
import { StackTrace } from '../../../src/trace/data/stack-trace.js'

const lines = (count: number) => Array.from({ length: count }, (_, at) => `    at call${at} (file:///srv/app.js:${at + 1}:7)`)
const traceOf = (count: number) => StackTrace.fromError({ stack: ['Error: no', ...lines(count)].join('\n') })!
const frameOf = (at: number) => ({ functionName: `call${at}`, fileName: 'file:///srv/app.js', lineNumber: at + 1, columnNumber: 7 })

test('the frames of an error are the same for each first reader', () => {
  const frames = [frameOf(0), frameOf(1)]
  const equal = new StackTrace(frames)
  expect(traceOf(2).frames).toEqual(frames)
  expect(traceOf(2).hashId).toBe(equal.hashId)
  expect(traceOf(2).toJSON()).toEqual(equal.toJSON())
  expect(traceOf(2).droppedFrames).toBe(0)
  expect(equal.hashId).not.toBe(new StackTrace(frames.slice(1)).hashId)
})

test('of more than 128 frames of an error the first are kept, and the others are counted', () => {
  expect(traceOf(130).droppedFrames).toBe(2)
  const trace = traceOf(130)
  expect([trace.frames.length, trace.frames[127], trace.droppedFrames]).toEqual([128, frameOf(127), 2])
  expect(trace.droppedFrames, 'read again').toBe(2)
})

test('a frame added to the frames of an error follows them', () => {
  const trace = traceOf(2)
  trace.addFrame(frameOf(2))
  expect(trace.frames).toEqual([0, 1, 2].map(frameOf))
})

test('a value without a stack has no frames', () => {
  const throws = { get stack(): string { throw new Error('no') } } // biome-ignore format: one line
  for (const thrown of [undefined, null, 'text', {}, { stack: 7 }, throws]) expect(StackTrace.fromError(thrown)).toBeUndefined()
})
