/*
 * Text that PGP signed in the clear, without MIME: a line above, a signature below, strokes at the beginning of lines
 * escaped (RFC 4880 §7). Nothing is verified: a person reads the words without all that.
 */

const SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----'
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----'
const END = '-----END PGP SIGNATURE-----'
const HEADER = /^(?:Hash|Charset|Version|Comment|NotDashEscaped): /

/** The text as it was before it was signed; as it is, where nothing is or where the signature is cut off. */
export function withoutArmour(text: string): string {
  if (!text.includes(SIGNED)) return text
  return unarmoured(text.split('\n'))
    .filter(line => line !== null)
    .join('\n')
}

/** For each line what it said before it was signed, null for those that only signing added. Linear. */
export function unarmoured(lines: readonly string[]): (string | null)[] {
  const said: (string | null)[] = [...lines]
  let start = -1
  let signature = -1
  lines.forEach((line, at) => {
    const mark = line.startsWith('-----') ? line.trimEnd() : ''
    if (mark === SIGNED) [start, signature] = [at, -1]
    else if (mark === SIGNATURE && start >= 0 && signature < 0) signature = at
    else if (mark === END && signature >= 0) {
      const body = bodyBelow(lines, start)
      const isEscaped = !lines.slice(start, body).some(header => header.startsWith('NotDashEscaped:'))
      said.fill(null, start, body).fill(null, signature, at + 1)
      for (let next = body; next < signature; next++) {
        const text = lines[next] ?? ''
        said[next] = isEscaped && text.startsWith('- ') ? text.slice(2) : text
      }
      ;[start, signature] = [-1, -1]
    }
  })
  return said
}

/** Where the words begin: past the headers and one empty line. HTML may set more of these above the headers. */
function bodyBelow(lines: readonly string[], start: number): number {
  let at = start + 1
  let next = at
  while (next < start + 4 && lines[next]?.trim() === '') next++
  if (lines[next]?.startsWith('Hash: ')) at = next
  while (HEADER.test(lines[at] ?? '')) at++
  return lines[at]?.trim() === '' ? at + 1 : at
}
