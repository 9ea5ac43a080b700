import type { Attachment, Message } from '../mail/message.ts'

/*
 * Pictures among the words of a mail. The words are taken out of its plain text, where mail programs mark the place of a
 * picture: Outlook by `[cid:image001.png@01DC5B7A.D1F2B8E0]` or by what the picture shows, in brackets; Gmail by
 * `[image: image.png]`; Apple Mail by U+FFFC. Thunderbird marks nothing: its pictures follow the words as files.
 */

/** Stands in a text where a picture does: OBJECT REPLACEMENT CHARACTER (Unicode, chapter 23.8). */
export const PICTURE = '\ufffc'

/** A picture in a mail of ours: its Content-ID (RFC 2392 §2) and its name. */
export type Shown = { readonly cid: string; readonly name: string | null }

export type Illustrated = {
  /** The words, with PICTURE in the place of each picture. */
  readonly text: string
  /** The pictures, in the order of their places. */
  readonly placed: readonly Attachment[]
  /** What belongs to the words as well, nobody knows where. */
  readonly unplaced: readonly Attachment[]
}

/** Of a mail of hundreds of pictures the first are looked at. */
const MOST_PICTURES = 50
// What every mail program shows within a text.
const SHOWABLE = /^image\/(?:png|jpe?g|gif|webp|bmp)$/i
// Smaller pictures that have no place are bullets, spacers and logos.
const SCREENSHOT_BYTES = 8 * 1024
// What a picture shows may be told in several lines (seen: "… \n\nAI-generated content may be incorrect").
const MARK = /\[cid:(?<cid>[^\]\s]{1,250})\]|\[image:\s{1,3}(?<name>[^\]]{1,250})\]|\[(?<alt>[^[\]]{1,500})\]|\ufffc/g

/**
 * Finds the pictures of a mail that stand in these words of it. `known`: the contents (hex SHA-256) that an earlier mail had, logos and
 * what is quoted; a picture with a place is shown all the same, for who answers often has the same one to show.
 */
export function illustrate(
  words: string,
  mail: Pick<Message, 'text' | 'html' | 'attachments'>,
  known: ReadonlySet<string>,
): Illustrated {
  const inline = inTheText(mail)
  if (inline.length === 0) return { text: words.replaceAll(PICTURE, ''), placed: [], unplaced: [] }
  const marked = marksIn(words, mail, inline)
  // A program that marks one picture marks all: the others are quoted, or stand in a signature.
  const marks = marked.placed.length > 0 || marksIn(mail.text, mail, inline).placed.length > 0
  const isLost = (one: Attachment) => !marks || !SHOWABLE.test(one.contentType)
  const unplaced = inline.filter(
    one => !marked.placed.includes(one) && isLost(one) && one.size >= SCREENSHOT_BYTES && !known.has(one.sha256),
  )
  return { ...marked, unplaced }
}

/** The pictures, and what else the HTML of a mail shows within its text. */
export function inTheText({ attachments }: Pick<Message, 'attachments'>): Attachment[] {
  return attachments.filter(({ inline }) => inline).slice(0, MOST_PICTURES)
}

function marksIn(
  words: string,
  { html }: Pick<Message, 'html'>,
  inline: readonly Attachment[],
): Pick<Illustrated, 'text' | 'placed'> {
  const pictures = inline.filter(({ contentType }) => SHOWABLE.test(contentType))
  const described = descriptionsIn(html ?? '')
  const placed: Attachment[] = []
  const next = (candidates: readonly Attachment[]) => candidates.find(one => !placed.includes(one)) ?? candidates[0]
  const text = words.replace(MARK, (mark, ...rest) => {
    if (placed.length >= MOST_PICTURES) return mark === PICTURE ? '' : mark
    const { cid, name, alt } = rest.at(-1) as { cid?: string; name?: string; alt?: string }
    const ids = described.get(oneSpace(name ?? alt ?? '')) ?? []
    const isMeant = ({ contentId, filename }: Attachment) =>
      (contentId !== null && (contentId === cid || ids.includes(contentId))) ||
      (name !== undefined && filename === name)
    const picture = mark === PICTURE ? pictures.find(one => !placed.includes(one)) : next(pictures.filter(isMeant))
    if (!picture) return mark === PICTURE ? '' : mark
    placed.push(picture)
    return PICTURE
  })
  return { text, placed }
}

/** By what a picture is described as, the Content-IDs of those that are. */
function descriptionsIn(html: string): Map<string, string[]> {
  const described = new Map<string, string[]>()
  for (const [tag] of html.matchAll(/<img\b[^>]{1,2000}>/gi)) {
    const [cid, alt] = [/\ssrc="cid:([^"]+)"/i.exec(tag)?.[1], /\salt="([^"]+)"/i.exec(tag)?.[1]]
    if (cid === undefined || alt === undefined) continue
    const words = oneSpace(plain(alt))
    const ids = described.get(words) ?? []
    if (ids.length < MOST_PICTURES) described.set(words, [...ids, plain(cid)])
  }
  return described
}

/** Undoes what sanitize-html wrote. */
function plain(attribute: string): string {
  return attribute.replace(/&(quot|lt|gt|amp);/g, (_, name: string) => ENTITIES[name] ?? '')
}

const ENTITIES: Readonly<Record<string, string>> = { quot: '"', lt: '<', gt: '>', amp: '&' }

function oneSpace(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** A text without pictures: the name of each stands in its place. */
export function captioned(text: string, pictures: readonly Shown[]): string {
  return inPlace(text, pictures, ({ name }) => `[${name ?? 'picture'}]`)
}

/** Puts something in the place of each picture; where there is no picture left, nothing. */
export function inPlace(text: string, pictures: readonly Shown[], put: (picture: Shown) => string): string {
  const left = [...pictures]
  return text.replaceAll(PICTURE, () => {
    const picture = left.shift()
    return picture ? put(picture) : ''
  })
}
