import { cleanLine } from './header.ts'

const LONGEST = 200

// Names that Windows opens as devices, whatever follows the first dot.
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/**
 * A file name that can be stored, shown and offered for download: no path, no control or bidi characters, no name with a
 * meaning of its own. Null when nothing is left.
 */
export function safeFilename(name: string | null | undefined): string | null {
  if (!name) return null
  const clean = cleanLine(name.slice(0, 4000)).replace(/[<>"]/g, '_')
  const path = /^(?:[/~.]|[a-z]:[\\/])|[\\]|\/\.*\//i.test(clean)
  const last = path ? (clean.split(/[\\/]/).at(-1) ?? '') : clean.replaceAll('/', '_')
  const trimmed = last.replace(/[. ]{1,200}$/, '').trim()
  if (trimmed === '') return null
  return shorten(DEVICE.test(trimmed) || trimmed === '__proto__' ? `_${trimmed}` : trimmed)
}

/** Keeps the extension: it tells a person what the file is. */
function shorten(name: string): string {
  const letters = [...name]
  if (letters.length <= LONGEST) return name
  const extension = /\.[^. ]{1,12}$/.exec(name)?.[0] ?? ''
  return letters.slice(0, LONGEST - extension.length).join('') + extension
}
