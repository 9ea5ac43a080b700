import { bytesToLatin1, decodeCharset, latin1ToBytes } from './charset.ts'

/*
 * The rich text of Outlook: compressed as [MS-OXRTFCP] says, and the words in it. Bounded in output, never throws.
 */

const LONGEST = 8_388_608
const HEADER = 16
const COMPRESSED = 0x75465a4c
const UNCOMPRESSED = 0x414c454d
// [MS-OXRTFCP] §2.1.2.1: what every dictionary begins with.
const DICTIONARY =
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx'

/** The RTF of a PidTagRtfCompressed property; null when it is none. Broken input gives what could be read. */
export function decompressRtf(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length < HEADER) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = Math.min(view.getUint32(4, true), LONGEST)
  const kind = view.getUint32(8, true)
  if (kind === UNCOMPRESSED) return bytes.subarray(HEADER, HEADER + size)
  if (kind !== COMPRESSED) return null
  const ring = new Uint8Array(4096)
  for (let at = 0; at < DICTIONARY.length; at++) ring[at] = DICTIONARY.charCodeAt(at)
  const output = new Uint8Array(Math.min(size, bytes.length * 17))
  let length = 0
  let write = DICTIONARY.length
  const put = (byte: number): void => {
    output[length++] = byte
    ring[write] = byte
    write = (write + 1) % ring.length
  }
  for (let at = HEADER; at < bytes.length && length < output.length; ) {
    const flags = bytes[at++] ?? 0
    for (let bit = 0; bit < 8 && at < bytes.length && length < output.length; bit++) {
      if (!(flags & (1 << bit))) {
        put(bytes[at++] ?? 0)
        continue
      }
      const token = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
      at += 2
      const offset = token >> 4
      if (offset === write) return output.subarray(0, length) // §2.1.3.2: a reference to itself ends the text
      for (let step = 0; step < (token & 15) + 2 && length < output.length; step++)
        put(ring[(offset + step) % ring.length] ?? 0)
    }
  }
  return output.subarray(0, length)
}

// Groups whose words are not the text: tables of fonts, colours and styles, pictures, headers, fields' instructions.
const ASIDE = new Set(
  'fonttbl colortbl stylesheet info pict object themedata colorschememapping latentstyles datastore listtable listoverridetable rsidtbl generator xmlnstbl header footer fldinst mmathPr wgrffmtfilter'.split(
    ' ',
  ),
)
const SIGNS: Readonly<Record<string, string>> = {
  par: '\n',
  line: '\n',
  row: '\n',
  sect: '\n',
  page: '\n',
  tab: '\t',
  cell: '\t',
  emdash: '—',
  endash: '–',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  emspace: ' ',
  enspace: ' ',
}

const TOKEN = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([\s\S])|([{}])|[\r\n]+|([^\\{}\r\n]+)/giy

type Group = { readonly aside: boolean; readonly tag: boolean; readonly skip: number }

/**
 * The words of a rich text. Outlook wraps HTML in RTF ([MS-OXRTFEX] §2.2): the tags stand in `\*\htmltag` groups, and what
 * is only there for RTF readers between `\htmlrtf` and `\htmlrtf0`; such a text comes back as the HTML it was.
 */
export function readRtf(bytes: Uint8Array): { text: string | null; html: string | null } {
  const source = bytesToLatin1(bytes)
  if (!source.startsWith('{\\rtf')) return { text: null, html: null }
  const wrapsHtml = /\\fromhtml1\b/.test(source.slice(0, 2000))
  const charset = `cp${/\\ansicpg(\d{3,5})/.exec(source.slice(0, 2000))?.[1] ?? '1252'}`
  const parts: string[] = []
  const outer: Group[] = []
  let group: Group = { aside: false, tag: false, skip: 1 }
  let narrow = ''
  let forRtf = false
  let swallow = 0
  const flush = (): void => {
    if (narrow) parts.push(decodeCharset(latin1ToBytes(narrow), charset))
    narrow = ''
  }
  const write = (text: string): void => {
    const shown = text.slice(swallow)
    swallow = Math.max(0, swallow - text.length)
    if (!group.aside && !(forRtf && !group.tag)) narrow += shown
  }
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < source.length; ) {
    const token = TOKEN.exec(source)
    if (!token) break
    const [, word, digits, hex, symbol, brace, plain] = token
    if (brace === '{') {
      if (outer.length < 1000) outer.push(group)
    } else if (brace === '}') group = outer.pop() ?? group
    else if (plain) write(plain)
    else if (hex) write(String.fromCharCode(Number.parseInt(hex, 16)))
    else if (symbol === '*') group = { ...group, aside: true }
    else if (symbol && '\\{}'.includes(symbol)) write(symbol)
    else if (symbol === '~') write('\xa0')
    else if (word === 'htmltag') group = { ...group, aside: !wrapsHtml, tag: true }
    else if (word === 'htmlrtf') forRtf = wrapsHtml && digits !== '0'
    else if (word === 'uc') group = { ...group, skip: Math.min(Number(digits ?? 1), 10) }
    else if (word === 'u' && digits) {
      if (!group.aside && !(forRtf && !group.tag)) {
        flush()
        parts.push(String.fromCharCode(Number(digits) & 0xffff))
      }
      swallow = group.skip
    } else if (word && ASIDE.has(word)) group = { ...group, aside: true }
    else if (word && SIGNS[word]) {
      if (!group.aside && !(forRtf && !group.tag)) {
        flush()
        parts.push(SIGNS[word])
      }
    }
  }
  flush()
  const found = parts.join('').replaceAll('\0', '').trim() || null
  return wrapsHtml ? { text: null, html: found } : { text: found, html: null }
}
