/**
 * Plain text sent as `format=flowed` (RFC 3676): a line that ends in a blank goes on in the next one of the same quote
 * depth. Quote marks stay; the signature separator `-- ` never flows (§4.3). Linear.
 */
export function unflow(text: string, deleteSpace: boolean): string {
  const paragraphs: string[] = []
  let open: { depth: number; pieces: string[] } | null = null
  const close = (): void => {
    if (open)
      paragraphs.push(open.depth > 0 ? `${'>'.repeat(open.depth)} ${open.pieces.join('')}` : open.pieces.join(''))
    open = null
  }
  for (const line of text.split('\n')) {
    let depth = 0
    while (line[depth] === '>') depth++
    const content = line.slice(line[depth] === ' ' ? depth + 1 : depth) // §4.4: one stuffed space
    const flows = content.endsWith(' ') && content !== '-- '
    if (open && (open.depth !== depth || content === '-- ')) close()
    open ??= { depth, pieces: [] }
    open.pieces.push(flows && deleteSpace ? content.slice(0, -1) : content)
    if (!flows) close()
  }
  close()
  return paragraphs.join('\n')
}
