import type { Attachment, Message } from '../mail/message.ts'

/*
 * Which files of an agent's mail a requester is to get. What a mail program wraps around the words is none of them: the whole
 * quotation stands in it, and with it what is for agents alone.
 */

/** Files, and of what stands in the text the pictures that the agent put there. */
export function filesFor({ attachments }: Message, pictures: readonly Attachment[]): Attachment[] {
  return attachments.filter(one => !isWrapping(one) && (!one.inline || pictures.includes(one)))
}

/**
 * What stands around a mail for programs: signatures (RFC 8551 §3.5.3, RFC 3156 §5), and containers, out of which the text and the
 * files were taken before (RFC 8551 §3.5.2, winmail.dat), or of which nobody here can open (RFC 3156 §4).
 */
function isWrapping({ contentType, filename }: Attachment): boolean {
  return (
    /^application\/(?:(?:x-)?(?:pkcs7|pgp)-signature|(?:x-)?pkcs7-mime|pgp-encrypted|(?:vnd\.)?ms-tnef)$/i.test(
      contentType,
    ) || /^(?:winmail\.dat|smime\.p7[ms])$/i.test(filename ?? '')
  )
}

/** Why an answer with these files is not sent, and what to do; null: they may go. */
export function whyHeldBack(files: readonly Attachment[]): string | null {
  if (files.some(isWholeMail))
    return 'a whole mail is attached to it, which may hold what is for colleagues alone: attach only what the requester needs of it'
  const internal = files.find(one => one.internal)
  if (!internal) return null
  if (/^(?:text\/calendar|application\/ics)$/i.test(internal.contentType))
    return 'the invitation holds what is for colleagues alone, or a command: leave the quotation and the command out of it'
  const named = internal.filename === null ? 'a file' : `the file “${internal.filename}”`
  return `${named} holds what is for colleagues alone, or an address of yours: leave it out`
}

/** Ours to agents hold facts, notes and the key to their powers; nobody looks into each that is attached. */
function isWholeMail({ contentType, filename }: Attachment): boolean {
  return /^message\//i.test(contentType) || /\.(?:eml|emlx|msg|oft|mht|mhtml|mbox)$/i.test(filename ?? '')
}
