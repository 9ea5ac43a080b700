/*
 * Bytes to text, whatever the label says. Seen in practice: labels nobody knows, "us-ascii" over UTF-8, "utf-8" over
 * windows-1252, no label at all. Decoding never throws and never drops a byte in silence: what cannot be read becomes U+FFFD.
 */

// What mails write for encodings that TextDecoder knows under another name. In a map: a label is a stranger's, and every
// object has a `constructor`.
const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ascii: 'us-ascii',
    ansix341968: 'us-ascii',
    ansix341986: 'us-ascii',
    iso646us: 'us-ascii',
    utf8mb4: 'utf-8',
    utf8mb3: 'utf-8',
    cp65001: 'utf-8',
    cp932: 'shift_jis',
    ms932: 'shift_jis',
    cp936: 'gbk',
    ms936: 'gbk',
    cp949: 'euc-kr',
    ms949: 'euc-kr',
    cp950: 'big5',
    ms950: 'big5',
    big5eten: 'big5',
    cp874: 'windows-874',
    cp866: 'ibm866',
    cp10000: 'macintosh',
    xmacroman: 'macintosh',
    macroman: 'macintosh',
    iso2022jpms: 'iso-2022-jp',
    iso2022jp1: 'iso-2022-jp',
    iso2022jp2: 'iso-2022-jp',
    cp50220: 'iso-2022-jp',
    cp50221: 'iso-2022-jp',
    cp51932: 'euc-jp',
    cp20866: 'koi8-r',
    cp21866: 'koi8-u',
    unicode11utf7: 'utf-7',
    csunicode11utf7: 'utf-7',
    utf7: 'utf-7',
    iso2022kr: 'iso-2022-kr',
    csiso2022kr: 'iso-2022-kr',
    utf16: 'utf-16',
    unicode: 'utf-16',
    iso10646ucs2: 'utf-16',
    ucs2: 'utf-16',
    latin10: 'iso-8859-16',
  }),
)

// What stands at the upper end of a byte, up to FF, in the DOS code pages, which the Encoding Standard left out and old Lotus
// and backup programs still send; and in ISO-8859-16, which Romanian programs write and Node does not know.
const PAGES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    cp437:
      'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
    cp850:
      'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0',
    cp852:
      'ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u00ad˝˛ˇ˘§÷¸°¨˙űŘř■\u00a0',
    'iso-8859-16':
      '\u00a0ĄąŁ€„Š§š©Ș«Ź\u00adźŻ°±ČłŽ”¶·žčș»ŒœŸżÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚßàáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ',
  }),
)

// Bytes 80–9F of windows-1252. TextDecoder should know, but Node 20 decodes it as ISO-8859-1 (a fast path gone wrong).
const WINDOWS = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

// Seven-bit charsets, with what the bytes are when they have eight bits all the same (UTF-8 is tried first).
const SEVEN_BIT: Readonly<Record<string, readonly string[]>> = {
  'iso-2022-jp': ['euc-jp', 'shift_jis'],
  'iso-2022-kr': ['euc-kr'],
  'utf-7': ['windows-1252'],
}
// A stray byte in a seven-bit text proves nothing.
const EIGHT_BIT_AT_LEAST = 4

type Decoder = InstanceType<typeof TextDecoder>

const WESTERN = new Set(['windows-1252', 'iso-8859-15'])
const EASTERN = new Set(['big5', 'euc-jp', 'euc-kr', 'gb18030', 'gbk', 'shift_jis'])
const STRICT = new TextDecoder('utf-8', { fatal: true })
const LENIENT = new TextDecoder('utf-8')
const UTF_16 = new TextDecoder('utf-16be')
const decoders = new Map<string, Decoder | null>()

/** The name TextDecoder knows, `utf-7`, `utf-16`, `iso-2022-kr` or `cpNNN` (decoded here); null when nobody knows the label. */
function canonical(label: string): string | null {
  const given = label
    .trim()
    .replace(/^["']+|["']+$/g, '')
    .toLowerCase()
  const bare = given.replace(/[^a-z0-9]+/g, '')
  const windows = /^(?:windows|win|cp|ms|x?cp|ansi)(125[0-8])$/.exec(bare)
  if (windows) return `windows-${windows[1]}`
  const page = /^(?:ibm|cp|dos|cspc|x?cp)(437|850|852)/.exec(bare)
  if (page) return `cp${page[1]}`
  const iso = /^(?:cs)?(?:iso|latin)?8859(\d{1,2})[ei]?$/.exec(bare)
  const part = iso && `iso-8859-${iso[1]}`
  if (part) return part === 'iso-8859-1' ? 'windows-1252' : PAGES.has(part) || decoderFor(part) ? part : null
  const alias = ALIASES.get(bare) ?? given
  if (PAGES.has(alias) || /^(?:utf-7|utf-16|iso-2022-kr|us-ascii)$/.test(alias)) return alias
  return decoderFor(alias)?.encoding ?? decoderFor(bare)?.encoding ?? null
}

function decoderFor(name: string): Decoder | null {
  const known = decoders.get(name)
  if (known !== undefined) return known
  let decoder: Decoder | null
  try {
    decoder = new TextDecoder(name)
  } catch {
    decoder = null
  }
  // Labels come from strangers: the memory of them is bounded.
  if (decoders.size < 200) decoders.set(name, decoder)
  return decoder
}

const names = new Map<string, string | null>()

/** The canonical name of a charset label, null when it is missing or nobody knows it. */
export function charsetName(label: string | null | undefined): string | null {
  if (!label || label.length > 60) return null
  const known = names.get(label)
  if (known !== undefined) return known
  const name = canonical(label)
  if (names.size < 200) names.set(label, name)
  return name
}

function strictUtf8(bytes: Uint8Array): string | null {
  try {
    return STRICT.decode(bytes)
  } catch {
    return null
  }
}

/**
 * The text of bytes labelled with a charset. The label is believed unless the bytes say otherwise: what claims ASCII,
 * UTF-8 or nothing is UTF-8 when it is valid as such, else `fallback`, else windows-1252; and text that claims a western
 * single-byte charset and yet is valid multi-byte UTF-8, twice at least, is UTF-8 (by chance that does not happen in words),
 * as is what claims a multi-byte charset, cannot be read in it, and is valid UTF-8.
 */
export function decodeCharset(bytes: Uint8Array, label: string | null | undefined, fallback?: string | null): string {
  const name = charsetName(label)
  if (name === null || name === 'us-ascii' || name === 'utf-8') {
    return strictUtf8(bytes) ?? guess(bytes, name, charsetName(fallback))
  }
  if (WESTERN.has(name)) return westernText(bytes, name)
  const text = eightBitText(bytes, name) ?? decodeAs(bytes, name)
  return EASTERN.has(name) && text.includes('\ufffd') ? (strictUtf8(bytes) ?? text) : text
}

/** Seen from mobile carriers: "iso-2022-jp" over EUC-JP or UTF-8, whose bytes a seven-bit decoder drops one and all. */
function eightBitText(bytes: Uint8Array, name: string): string | null {
  const others = SEVEN_BIT[name]
  if (!others) return null
  let high = 0
  for (const byte of bytes) if (byte > 0x7f && ++high >= EIGHT_BIT_AT_LEAST) break
  if (high < EIGHT_BIT_AT_LEAST) return null
  const texts = [strictUtf8(bytes), ...others.map(other => decodeAs(bytes, other))]
  return texts.find(text => text !== null && !text.includes('\ufffd')) ?? null
}

function westernText(bytes: Uint8Array, name: string): string {
  const first = bytes.findIndex(byte => byte > 0x7f)
  const text = first >= 0 && beginsUtf8(bytes, first) ? strictUtf8(bytes) : null
  return text !== null && /[^\x00-\x7f][\s\S]*[^\x00-\x7f]/.test(text) ? text : decodeAs(bytes, name)
}

/** A lead byte and its continuation: cheap enough to ask of every text before it is decoded twice. */
function beginsUtf8(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 1] ?? 0
  return (bytes[at] ?? 0) >= 0xc2 && next >= 0x80 && next <= 0xbf
}

function guess(bytes: Uint8Array, name: string | null, fallback: string | null): string {
  const wide = wideOrder(bytes)
  if (wide) return new TextDecoder(wide).decode(bytes)
  if (fallback && fallback !== 'us-ascii' && fallback !== 'utf-8') return decodeAs(bytes, fallback)
  const text = LENIENT.decode(bytes)
  // A broken sequence or two in what else is good UTF-8: a cut or a damaged text, not another charset.
  const broken = text.split('\ufffd').length - 1
  const good = (text.match(/[^\x00-\x7f\ufffd]/g) ?? []).length
  if (name === 'utf-8' ? good > broken : good > broken * 4) return text
  return decodeAs(bytes, 'windows-1252')
}

/** What a byte order mark says, which also stands in UTF-16 that nobody announced. */
function wideOrder(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return null
}

function decodeAs(bytes: Uint8Array, name: string): string {
  if (name === 'utf-7') return decodeUtf7(bytes)
  if (name === 'utf-16') return new TextDecoder(wideOrder(bytes) ?? zeroOrder(bytes)).decode(bytes)
  if (name === 'iso-2022-kr') return decodeKorean(bytes)
  if (name === 'windows-1252') return decodeWindows(bytes)
  if (name === 'iso-2022-jp' && bytes.includes(0x1b)) return decodeJapanese(bytes)
  const page = PAGES.get(name)
  if (page)
    return bytesToLatin1(bytes).replace(
      /[\x80-\xff]/g,
      char => page[char.charCodeAt(0) - 256 + page.length] ?? '\ufffd',
    )
  return (decoderFor(name) ?? LENIENT).decode(bytes)
}

function decodeWindows(bytes: Uint8Array): string {
  const text = (decoderFor('windows-1252') ?? LENIENT).decode(bytes)
  return /[\x80-\x9f]/.test(text)
    ? text.replace(/[\x80-\x9f]/g, char => WINDOWS[char.charCodeAt(0) - 128] ?? char)
    : text
}

/** An escape straight after another (encoded words joined, RFC 1468 has each begin anew) is no error, as TextDecoder has it. */
function decodeJapanese(bytes: Uint8Array): string {
  const text = bytesToLatin1(bytes).replace(/\x1b[$(][@-J](?=\x1b[$(][@-J])/g, '')
  return (decoderFor('iso-2022-jp') ?? LENIENT).decode(latin1ToBytes(text))
}

/** RFC 2781 §4.3 says big-endian when there is no mark; Windows sends little-endian: the zero bytes of ASCII tell. */
function zeroOrder(bytes: Uint8Array): 'utf-16le' | 'utf-16be' {
  let even = 0
  let odd = 0
  for (let at = 0; at + 1 < Math.min(bytes.length, 2000); at += 2) {
    if (bytes[at] === 0) even++
    if (bytes[at + 1] === 0) odd++
  }
  return odd > even ? 'utf-16le' : 'utf-16be'
}

/** RFC 2152: `+` base64 of UTF-16BE `-`. Decoded before anything is sanitised, so it hides no markup from us. */
function decodeUtf7(bytes: Uint8Array): string {
  return bytesToLatin1(bytes).replace(/\+([A-Za-z0-9+/]*)-?/g, (_, shifted: string) => {
    if (shifted === '') return '+'
    const packed = base64Bytes(shifted)
    return UTF_16.decode(packed.subarray(0, packed.length & ~1))
  })
}

/** RFC 1557: SO switches to KS X 1001 in seven bits, SI back; the designator `ESC $ ) C` stands once at the beginning. */
function decodeKorean(bytes: Uint8Array): string {
  let shifted = false
  const wide = new Uint8Array(bytes.length)
  let length = 0
  for (const byte of bytes) {
    if (byte === 0x0e || byte === 0x0f) shifted = byte === 0x0e
    else wide[length++] = shifted && byte > 0x20 ? byte | 0x80 : byte
  }
  return decodeAs(wide.subarray(0, length), 'euc-kr').replaceAll('\x1b$)C', '')
}

const LATIN1_STEP = 8192

/** Each byte as the character of that number: how raw headers travel through string functions unharmed. */
export function bytesToLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += LATIN1_STEP) {
    text += String.fromCharCode(...bytes.subarray(at, at + LATIN1_STEP))
  }
  return text
}

export function latin1ToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** Base64 as mails have it: what is not of the alphabet is skipped, padding or not. */
export function base64Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let length = 0
  let bits = 0
  let held = 0
  for (let at = 0; at < text.length; at++) {
    const value = BASE64[text.charCodeAt(at)] ?? -1
    if (value === PADDING) held = bits = 0 // several padded pieces in a row: each begins anew
    if (value < 0) continue
    bits = (bits << 6) | value
    held += 6
    if (held < 8) continue
    held -= 8
    bytes[length++] = bits >> held
    bits &= (1 << held) - 1
  }
  return bytes.subarray(0, length)
}

const PADDING = -2
const BASE64 = new Int8Array(256).fill(-1)
for (const [at, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  BASE64[char.charCodeAt(0)] = at
}
BASE64['-'.charCodeAt(0)] = 62
BASE64['_'.charCodeAt(0)] = 63
BASE64['='.charCodeAt(0)] = PADDING
