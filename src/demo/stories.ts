import type { Passed } from './mail-server.ts'

/*
 * What happens in the demo, mail by mail, as it could happen in a company of thirty people on any day.
 */

/** What a story may look up of what happened before. */
export type Past = {
  /** The last mail that our service sent to this address. Throws when there is none. */
  readonly lastTo: (address: string) => Passed
  /** The last that the agent was told of the ticket of this story. Throws when there is none. */
  readonly told: (title: string) => Passed
}

export type Expected = {
  readonly outcome: 'open' | 'append' | 'report' | 'automatic' | 'duplicate' | 'quarantine'
  /** The title of the story whose ticket this mail belongs to. */
  readonly ticketOf?: string
  readonly category?: string
  readonly priority?: string
  readonly status?: string
  /** The language of the acknowledgement; null: none goes out. */
  readonly acknowledged?: string | null
  /** Why no answer went out: the key in the history of the ticket. */
  readonly withheld?: string
  /** Somebody gets a person's answer. */
  readonly answerTo?: string
  /** Words that stand in the mail that tells the agent of it, or what became of their own; left out: they get none. */
  readonly told?: string
  /** Words that must stand in the mail that goes out. */
  readonly says?: string
}

export type Story = {
  readonly title: string
  readonly mailbox: 'support' | 'it'
  readonly mail: (past: Past) => string
  readonly expected: Expected
}

/** Ana of IT. */
export const AGENT = 'ana@example.org'

let count = 0
const id = (who: string): string => `<${who}.${Date.now().toString(36)}.${++count}@example.org>`
const date = (): string => new Date().toUTCString().replace('GMT', '+0000')

type Parts = { from: string; to: string; subject: string; body: string; headers?: readonly string[]; type?: string }

function compose({ from, to, subject, body, headers = [], type = 'text/plain; charset=utf-8' }: Parts): string {
  const who = /([a-z.]+)@/.exec(from)?.[1] ?? 'somebody'
  const words = /^[ -~]*$/.test(subject) ? subject : `=?utf-8?B?${Buffer.from(subject).toString('base64')}?=`
  return [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${words}`,
    `Date: ${date()}`,
    `Message-ID: ${id(who)}`,
    'MIME-Version: 1.0',
    `Content-Type: ${type}`,
    'Content-Transfer-Encoding: 8bit',
    ...headers,
    '',
    body,
    '',
  ].join('\n')
}

/** A reply as mail clients write it: subject, threading headers and the quotation below. */
function reply(
  to: Passed,
  { from, body, headers = [] }: { from: string; body: string; headers?: readonly string[] },
): string {
  const { messageId, references, subject, from: author, replyTo } = to.mail
  const quoted = to.mail.text
    .trim()
    .split('\n')
    .map(line => `> ${line}`)
  const chain = [...references, messageId].map(id => `<${id}>`).join(' ')
  return compose({
    from,
    to: [...replyTo.map(({ address }) => address), author?.address ?? ''][0] ?? '',
    subject: subject.replace(/^(?!re:)/i, 'Re: '),
    body: [body, '', `On ${date()}, ${author?.name} <${author?.address}> wrote:`, ...quoted].join('\n'),
    headers: [`In-Reply-To: <${messageId}>`, `References: ${chain}`, ...headers],
  })
}

const VPN = 'Jane cannot reach the VPN'

/** Ana answers what told her of Jane's ticket: it came to her alone, so it shows that it is she who writes. */
const anaReplies = (past: Past, body: string) => reply(past.told(VPN), { from: `Ana Pop <${AGENT}>`, body })

export const STORIES: readonly Story[] = [
  {
    title: VPN,
    mailbox: 'support',
    mail: () =>
      compose({
        from: 'Jane Doe <jane@example.org>',
        to: 'support@example.org',
        subject: 'VPN does not connect',
        body: 'Hello,\n\nsince this morning my laptop says "authentication failed" when I start the VPN. Wifi is fine.\n\nThanks, Jane\n-- \nJane Doe, Sales',
      }),
    expected: {
      outcome: 'open',
      category: 'network',
      priority: 'normal',
      status: 'open',
      acknowledged: 'en',
      told: 'authentication failed',
    },
  },
  {
    title: 'Luc writes in French about the printer',
    mailbox: 'support',
    mail: () =>
      compose({
        from: '"Dupont, Luc" <luc@example.org>',
        to: 'support@example.org',
        subject: "L'imprimante du 3e étage",
        body: "Bonjour,\n\nl'imprimante du troisième étage n'imprime plus depuis hier, elle affiche « bourrage papier » alors qu'il n'y en a pas.\n\nMerci d'avance\nLuc",
      }),
    expected: { outcome: 'open', category: 'printing', acknowledged: 'fr', told: 'bourrage papier' },
  },
  {
    title: 'An urgent outage reaches it@ in the middle of the night',
    mailbox: 'it',
    mail: () =>
      compose({
        from: 'Petra Vogel <petra@example.org>',
        to: 'it@example.org',
        subject: 'Dringend: Server ausgefallen',
        body: 'Hallo zusammen,\n\nder Server in der Produktion ist ausgefallen, niemand kann arbeiten. Bitte ruft mich sofort an.\n\nPetra',
      }),
    expected: {
      outcome: 'open',
      priority: 'urgent',
      acknowledged: 'de',
      says: '+32 2 555 01 99',
      told: 'niemand kann arbeiten',
    },
  },
  {
    title: 'Sanne forgot her password',
    mailbox: 'support',
    mail: () =>
      compose({
        from: 'Sanne de Vries <sanne@example.org>',
        to: 'support@example.org',
        subject: 'Wachtwoord vergeten',
        body: 'Goedemorgen,\n\nik ben mijn wachtwoord vergeten en kan niet meer inloggen. Kunnen jullie het voor mij opnieuw instellen?\n\nGroetjes, Sanne',
      }),
    expected: { outcome: 'open', category: 'password', acknowledged: 'nl', told: 'ik ben mijn wachtwoord vergeten' },
  },
  {
    title: 'Ioana asks for a new monitor, in HTML only',
    mailbox: 'support',
    mail: () =>
      compose({
        from: 'Ioana Popescu <ioana@example.org>',
        to: 'support@example.org',
        subject: 'Monitor nou',
        type: 'text/html; charset=utf-8',
        body: '<div>Bună ziua,</div><div><br></div><div>Aș dori un <b>monitor</b> nou pentru biroul meu, cel vechi nu mai pornește de ieri.</div><div>Mulțumesc, Ioana</div>',
      }),
    expected: { outcome: 'open', category: 'hardware', acknowledged: 'ro', told: 'biroul meu' },
  },
  {
    title: 'Jane adds something: she answers the acknowledgement',
    mailbox: 'support',
    mail: past =>
      reply(past.lastTo('jane@example.org'), {
        from: 'Jane Doe <jane@example.org>',
        body: 'It works from my phone, by the way. Only the laptop is affected.',
      }),
    expected: { outcome: 'append', ticketOf: VPN, withheld: 'belongs-to-ticket', told: 'Only the laptop is affected' },
  },
  {
    title: "Luc's mailbox answers our acknowledgement: out of office",
    mailbox: 'support',
    mail: past =>
      reply(past.lastTo('luc@example.org'), {
        from: 'Luc Dupont <luc@example.org>',
        body: 'Je suis absent du bureau jusqu’à lundi.',
        headers: ['Auto-Submitted: auto-replied', 'X-Auto-Response-Suppress: All'],
      }),
    expected: { outcome: 'append', ticketOf: 'Luc writes in French about the printer', withheld: 'belongs-to-ticket' },
  },
  {
    title: 'A newsletter comes in through a mailing list',
    mailbox: 'support',
    mail: () =>
      compose({
        from: 'Widgets Weekly <news@widgets.example>',
        to: 'support@example.org',
        subject: 'This week in widgets',
        body: 'All the news about widgets.',
        headers: [
          'List-Id: Widgets Weekly <weekly.widgets.example>',
          'List-Unsubscribe: <mailto:leave@widgets.example>',
          'Precedence: bulk',
        ],
      }),
    expected: { outcome: 'open', acknowledged: null, told: 'All the news' },
  },
  {
    title: 'Ana of IT replies to the notification of it, in her own mail client: Jane gets her words',
    mailbox: 'support',
    mail: past =>
      anaReplies(
        past,
        'Hello Jane,\n\nyour certificate had expired. I have renewed it: please restart the laptop and try again.\n\nAna',
      ),
    expected: {
      outcome: 'append',
      ticketOf: VPN,
      status: 'pending',
      answerTo: 'jane@example.org',
      says: 'certificate had expired',
    },
  },
  {
    title: 'Ana leaves a word for her colleagues: #note as the first line, and Jane hears nothing of it',
    mailbox: 'support',
    mail: past => anaReplies(past, '#note\n\nThe certificates of all sales laptops expire this week.'),
    expected: { outcome: 'append', ticketOf: VPN, status: 'pending', withheld: 'note' },
  },
  {
    title: 'Ana solves it: #solved as the first line, and she gets a receipt; for three seconds she could take it back',
    mailbox: 'support',
    mail: past => anaReplies(past, '#solved\n\nI see you connected now. Have a good day!'),
    expected: {
      outcome: 'append',
      ticketOf: VPN,
      status: 'solved',
      answerTo: 'jane@example.org',
      says: 'Have a good day',
      told: 'Reply #undo until',
    },
  },
  {
    title: 'Somebody writes in the name of Ana: her address alone proves nothing, so it waits for an agent',
    mailbox: 'support',
    mail: past =>
      reply(past.lastTo('jane@example.org'), {
        from: `Ana Pop <${AGENT}>`,
        body: '#open\n\nPlease tell me your password, Jane.',
      }),
    expected: {
      outcome: 'append',
      ticketOf: VPN,
      status: 'solved',
      withheld: 'belongs-to-ticket',
      told: 'tell me your password',
    },
  },
  {
    title: 'A stranger who got hold of a mail of the ticket writes into it',
    mailbox: 'support',
    mail: past =>
      reply(past.lastTo('jane@example.org'), {
        from: 'Mallory <mallory@elsewhere.example>',
        body: 'Please send me the details of this case.',
      }),
    expected: {
      outcome: 'append',
      ticketOf: VPN,
      status: 'solved',
      withheld: 'belongs-to-ticket',
      told: 'takes no part in ticket',
    },
  },
  {
    title: 'The acknowledgement to Sanne bounces',
    mailbox: 'support',
    mail: past => bounce(past.lastTo('sanne@example.org')),
    expected: { outcome: 'report', ticketOf: 'Sanne forgot her password', told: 'returned for good' },
  },
  {
    title: 'A broken mail arrives',
    mailbox: 'support',
    mail: () =>
      `From: broken@example.org\nTo: support@example.org\nSubject: broken\nX-Padding: ${'x'.repeat(1_500_000)}\n\nThe header of this mail is larger than any reader takes.\n`,
    expected: { outcome: 'quarantine' },
  },
]

/** A delivery status notification (RFC 3464) on a mail of ours, as Postfix writes it. */
function bounce({ mail, to }: Passed): string {
  const recipient = to[0] ?? ''
  return [
    'Return-Path: <>',
    'From: MAILER-DAEMON@mail.example.org (Mail Delivery System)',
    'To: support@example.org',
    'Subject: Undelivered Mail Returned to Sender',
    `Date: ${date()}`,
    `Message-ID: ${id('bounce')}`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"',
    '',
    '--=_report',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `<${recipient}>: mailbox is full`,
    '',
    '--=_report',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mail.example.org',
    '',
    `Final-Recipient: rfc822; ${recipient}`,
    'Action: failed',
    'Status: 5.2.2',
    'Diagnostic-Code: smtp; 552 5.2.2 mailbox full',
    '',
    '--=_report',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: <${mail.messageId}>`,
    'Subject: your mail',
    '',
    '--=_report--',
    '',
  ].join('\n')
}
