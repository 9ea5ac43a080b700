import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeFilename } from '../../src/mail/filename.ts'

test.each([
  ['report.pdf', 'report.pdf'],
  ['Übersicht (2).xlsx', 'Übersicht (2).xlsx'],
  ['../../etc/cron.d/x', 'x'],
  ['/etc/passwd', 'passwd'],
  ['C:\\Temp\\a.dll', 'a.dll'],
  ['..\\..\\a.txt', 'a.txt'],
  ['Invoice 12/2026.pdf', 'Invoice 12_2026.pdf'],
  ['a.pdf\0.exe', 'a.pdf.exe'],
  ['a\r\nb.pdf', 'a b.pdf'],
  ['invoice\u202efdp.exe', 'invoicefdp.exe'],
  ['<img src=x>.png', '_img src=x_.png'],
  ['name. . ', 'name'],
  ['nul', '_nul'],
  ['COM1.log', '_COM1.log'],
  ['__proto__', '___proto__'],
  ['..', null],
  ['./', null],
  [' ', null],
  ['', null],
  [null, null],
])('%j', (name, safe) => {
  expect(safeFilename(name)).toBe(safe)
})

test('long names keep their extension', () => {
  const name = safeFilename(`${'ä'.repeat(4000)}.docx`) ?? ''
  expect(name.length).toBeLessThanOrEqual(200)
  expect(safeFilename(`${'a'.repeat(500)}.docx`)).toMatch(/^a{195}\.docx$/)
})

test('no name leads out of a folder', () => {
  const pieces = fc.constantFrom('..', '/', '\\', '.', 'a', ' ', ':', '\0', '\n', '\u202e', '~', 'CON')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), parts => {
      const name = safeFilename(parts.join('')) ?? 'x'
      expect(name).not.toMatch(/[/\\\x00-\x1f\u202a-\u202e]|^\.{1,2}$|^$/)
      expect(safeFilename(name)).toBe(name)
    }),
  )
})
