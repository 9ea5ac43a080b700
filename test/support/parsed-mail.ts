import type { ParsedMail } from '../../src/mail/message.ts'

/** A mail as `parse` would give it: Jane writes to support, and what the test says differently. */
export function parsedMail(overrides: Partial<ParsedMail> = {}): ParsedMail {
  return {
    messageId: 'm1@customer.example',
    inReplyTo: [],
    references: [],
    date: '2026-03-02T09:15:00.000Z',
    from: { name: 'Jane Doe', address: 'jane@customer.example' },
    sender: null,
    replyTo: [],
    to: [{ name: 'Support', address: 'support@example.org' }],
    cc: [],
    subject: 'Printer broken',
    headers: [],
    contentType: { type: 'text/plain', parameters: {} },
    text: 'It is broken.',
    hasPlainText: true,
    sourceHtml: null,
    attachments: [],
    reportParts: [],
    protection: 'none',
    size: 500,
    fingerprint: '0'.repeat(64),
    ...overrides,
  }
}

/** Header fields from lines: `Precedence: bulk`. */
export function fields(...lines: string[]): ParsedMail['headers'] {
  return lines.map(line => {
    const colon = line.indexOf(':')
    return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() }
  })
}
