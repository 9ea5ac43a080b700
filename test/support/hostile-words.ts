/*
 * Words that strangers write: in names, subjects and texts. What is in them is looked for behind us as it is.
 */
import fc from 'fast-check'

const PIECES = [
  ...['"', "'", '\\', ',', ';', ':', '<', '>', '&', '@', '(', ')', '#', '%', '=', ' ', '  ', '\t', '.', '\n.\n', '-- '],
  ...['\r\n', '\n', '\r', '\0', '\x07', '\x1b[31m', '\x7f', '\x85', '\u2028', '\u2029', '\ufeff', '\u00a0'],
  ...['\u202e', '\u2066', '\u200b', '\u200d', '\ud83d', '\udca9', '😀', '👩‍👩‍👧', 'é', 'e\u0301', '中文', 'שלום', 'ß'],
  ...['\r\nBcc: victim@evil.example\r\n\r\n', 'Re: ', 'AW: ', '[#12]', '[#99999]', '[EXT]', '(fwd)'],
  ...['{{ ticket_number }}', '{% if closed %}', '{%', '}}', '{{ "a" | append: "b" }}', '{agent}', '$&', '$1'],
  ...['=?utf-8?q?=0D=0ABcc:_victim@evil.example?=', '=?utf-8?b?SGk=?=', '=?', '?=', '=\r\n', '=3D'],
  ...['<script>alert(1)</script>', '<b onclick="x">', '"><img src=x>', '&lt;', '&#60;', '<!--', 'javascript:x'],
  ...['https://evil.example/?a="b', 'http://x.example/<i>', 'mailto:a@b.c', 'Jane', 'Doe', 'printer', 'on', 'fire'],
  ...['x'.repeat(80), 'y'.repeat(1100), 'é'.repeat(700), '😀'.repeat(60), 'word '.repeat(200)],
]

const piece = fc.constantFrom(...PIECES)

/** Anything a text may be, of up to some thousand characters. */
export const hostileWords: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 1, arbitrary: fc.nat({ max: 130 }).chain(blanks => piece.map(one => 'x'.repeat(blanks) + one.repeat(3))) },
  { weight: 1, arbitrary: fc.constantFrom('', ' ', 'z'.repeat(10_000), '😀'.repeat(5_000), '0\n'.repeat(2_000)) },
)
