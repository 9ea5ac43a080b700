import type { Message } from '../../src/mail/message.ts'

/** A plain mail of Jane's to it@, except for what is given. */
export function message(different: Partial<Message> = {}): Message {
  const newText = different.newText ?? different.text ?? 'The printer on the third floor is jammed.'
  return {
    messageId: 'first@jane.example',
    inReplyTo: [],
    references: [],
    date: '2026-11-23T09:00:00.000Z',
    from: { name: 'Jane Doe', address: 'jane@example.org' },
    sender: null,
    replyTo: [],
    to: [{ name: '', address: 'it@example.org' }],
    cc: [],
    subject: 'Printer',
    headers: [],
    contentType: { type: 'text/plain', parameters: {} },
    text: newText,
    attachments: [],
    protection: 'none',
    size: 1000,
    fingerprint: 'f'.repeat(64),
    html: null,
    newText,
    newTextIsBelow: false,
    language: 'en',
    automatic: null,
    via: null,
    report: null,
    forwarded: null,
    ...different,
  }
}
