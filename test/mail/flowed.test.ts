import { expect, test } from 'vitest'
import { unflow } from '../../src/mail/flowed.ts'

test.each([
  ['soft breaks join', 'one \ntwo \nthree\nfour', 'one two three\nfour'],
  ['with delsp the blank goes', 'on \ne\ntwo', 'one\ntwo', true],
  ['quotes flow within their depth', '> a \n> b\n>> c \n> d\ne', '> a b\n>> c \n> d\ne'],
  ['the signature never flows', 'words \n-- \nMara \nLind', 'words \n-- \nMara Lind'],
  ['a stuffed blank goes', ' From here\n >no quote', 'From here\n>no quote'],
  ['empty lines stay', 'a\n\nb\n', 'a\n\nb\n'],
])('%s', (_, text, unflowed, deleteSpace = false) => {
  expect(unflow(text, deleteSpace)).toBe(unflowed)
})
