import { expect, test } from 'vitest'
import { aboveMark } from '../../src/desk/internal-text.ts'

test.each([
  ['Pull the plug.\n│ Ticket 1001', 'Pull the plug.'],
  ['Pull the plug.\n>  > │ Ticket 1001', 'Pull the plug.'],
  ['Pull the plug. > | *_\n\n> ———— Postdesk: for agents only, from here on ————\n> x', 'Pull the plug.'],
  ['A table │ of two │ columns', 'A table │ of two │ columns'],
])('%j', (text, above) => {
  expect(aboveMark(text).text).toBe(above)
})

// With quadratic work this would not end.
test.each(['\n', '>\n', '> ', ' ', '_', '|', '\r', '\u2028'])('a million times %j', unit => {
  const run = unit.repeat(1_000_000)
  expect(aboveMark(`x${run}x\n│ y`).text === `x${run}x`).toBe(true)
  expect(aboveMark(`x${run}x`).below).toBe('')
})
