import { expect, test } from 'vitest'
import { readCommands } from '../../src/desk/commands.ts'

test.each([
  ['#solved\nThe printer has paper again.', { solve: true, unknown: null, text: 'The printer has paper again.' }],
  ['#Solved', { solve: true, unknown: null, text: '' }],
  ['\n\n  #solved  \r\n\nDone', { solve: true, unknown: null, text: 'Done' }],
  ['The printer works.\n#solved', { solve: false, unknown: null, text: 'The printer works.\n#solved' }],
  ['> #solved\nok', { solve: false, unknown: null, text: '> #solved\nok' }],
  ['#1 thing to try: restart', { solve: false, unknown: null, text: '#1 thing to try: restart' }],
  ['# Heading', { solve: false, unknown: null, text: '# Heading' }],
  ['#note\nthe user is angry', { solve: false, unknown: '#note', text: 'the user is angry' }],
  ['#sloved\nDone', { solve: false, unknown: '#sloved', text: 'Done' }],
  ['#solved now\nDone', { solve: false, unknown: '#solved now', text: 'Done' }],
  ['', { solve: false, unknown: null, text: '' }],
])('%j', (text, expected) => {
  expect(readCommands(text)).toEqual(expected)
})
