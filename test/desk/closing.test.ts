import { describe, expect, test } from 'vitest'
import { closingMail, solvingAnswer } from '../../src/desk/closing.ts'
import type { Policy } from '../../src/desk/policy.ts'
import type { Ticket } from '../../src/desk/ticket.ts'
import { readVote } from '../../src/mail/survey.ts'
import { policy } from '../support/policy.ts'
import { ticket } from '../support/ticket.ts'

const NOW = '2026-11-23T10:00:00.000Z'
const TOKEN = `1042.mi8x2k1c.${'a'.repeat(26)}`
const SOLVED = { status: 'solved', solvedAt: NOW } as const
const PLAIN: Policy['survey'] = { ask: true, anonymous: false, publicUrl: 'https://help.example.org/desk' }

function closing(
  different: Partial<Ticket> = {},
  given: { replyTo?: string | null; repeat?: boolean; survey?: Partial<Policy['survey']> } = {},
) {
  const { replyTo = 'it+1042.x@example.org', repeat = true, survey = {} } = given
  const rules = policy({ survey: { ...PLAIN, ...survey } })
  const mailbox = rules.mailboxes.get('it')
  if (!mailbox) throw new Error('no mailbox')
  return closingMail(rules, {
    ticket: ticket({ ...SOLVED, subject: 'Re: Printer <b>on</b> fire', ...different }),
    ...{ mailbox, surveyToken: TOKEN, replyTo, repeatTheirWords: repeat, messageId: 'x@example.org' },
    ...{ inReplyTo: 'jane-1@example.org', references: ['jane-1@example.org'] },
  })
}

describe('the mail that tells of a solved ticket', () => {
  test('what was wrong, what was done, how to come back, and where to say how content they are', () => {
    const mail = closing({ cause: 'The drum was worn out.', fix: 'A new drum & toner.' })
    expect(mail).toMatchObject({
      ...{ automatic: true, inReplyTo: 'jane-1@example.org', replyTo: 'it+1042.x@example.org', cc: [] },
      to: [{ name: 'Jane Doe', address: 'jane@example.org' }],
      subject: 'Re: Printer <b>on</b> fire [#1042]',
    })
    for (const words of ['Hello Jane,', 'The drum was worn out.', 'A new drum & toner.', 'REOPEN', 'SURVEY 4'])
      expect(mail.text).toContain(words)
    expect(mail.text).toContain(`\nhttps://help.example.org/desk/survey/${TOKEN}\n`)
    expect(mail.html).toContain('A new drum &amp; toner.')
    expect(mail.html).toContain('“Printer &lt;b&gt;on&lt;/b&gt; fire”')
    expect(mail.html).not.toContain('<b>on')
  })

  test('the links of the scale begin mails that are read as answers', () => {
    const links = (html: string | null) =>
      [...(html ?? '').matchAll(/href="(mailto:[^"]+)"/g)].map(
        ([, href = '']) => new URL(href.replaceAll('&amp;', '&')),
      )
    for (const replyTo of ['it+1042.x@example.org', null]) {
      const found = links(closing({}, { replyTo }).html)
      expect(found.map(({ pathname }) => pathname)).toEqual(Array(5).fill(replyTo ?? 'it@example.org'))
      const votes = found.map(({ searchParams }) =>
        readVote({
          newText: searchParams.get('body') ?? '',
          newTextIsBelow: false,
          subject: searchParams.get('subject') ?? '',
        }),
      )
      expect(votes).toEqual([1, 2, 3, 4, 5].map(score => ({ score, comment: null })))
      // Where the address proves nothing the token does.
      for (const { searchParams } of found) expect(searchParams.get('body')?.includes(TOKEN)).toBe(replyTo === null)
    }
  })

  test('no word of theirs where the sender may be forged', () => {
    const mail = closing(
      { subject: 'Win now: evil.example', requester: { name: 'Evil Corp', address: 'jane@example.org' } },
      { repeat: false },
    )
    expect(mail.to).toEqual([{ name: '', address: 'jane@example.org' }])
    expect(`${mail.subject}${mail.text}${mail.html}`).not.toMatch(/evil/i)
    expect(mail.subject).toBe('Your request has been solved [#1042]')
  })

  test.each([
    ['de', 'WIEDERÖFFNEN', 'UMFRAGE 4'],
    ['fr', 'ROUVRIR', 'ENQUÊTE 4'],
    ['nl', 'HEROPENEN', 'ENQUÊTE 4'],
    ['es', 'REABRIR', 'ENCUESTA 4'],
    ['ro', 'REDESCHIDE', 'SONDAJ 4'],
    ['pl', 'REOPEN', 'SURVEY 4'],
  ])('in %s', (language, reopen, vote) => {
    const { text } = closing({ language })
    expect(text).toContain(reopen)
    expect(text.replace(/\s+/g, ' ')).toContain(vote)
  })

  test('an anonymous survey is answered on the page alone; without a page, or unasked, there is none', () => {
    const anonymous = closing({}, { survey: { anonymous: true } })
    expect(anonymous.text).toContain('/survey/')
    expect(`${anonymous.text}${anonymous.html}`).not.toMatch(/SURVEY \d|SURVEY%20|SURVEY and/)
    for (const survey of [{ ask: false }, { anonymous: true, publicUrl: null }])
      expect(`${closing({}, { survey }).text}${closing({}, { survey }).html}`).not.toMatch(/survey|content are you/i)
    const byMail = closing({}, { survey: { publicUrl: null } })
    expect(byMail.text).toContain('SURVEY 4')
    expect(byMail.text).not.toContain('http')
  })
})

describe('the answer that solves', () => {
  const solving = (
    after: Partial<Ticket>,
    to = ['jane@example.org'],
    cc: string[] = [],
    before: Partial<Ticket> = {},
    rules = policy({ survey: PLAIN }),
  ) => {
    const mailbox = rules.mailboxes.get('it')
    if (!mailbox) throw new Error('no mailbox')
    const people = (addresses: string[]) => addresses.map(address => ({ name: '', address }))
    return solvingAnswer(
      rules,
      { before: ticket(before), after: ticket(after), mailbox, replyTo: null },
      { to: people(to), cc: people(cc) },
      () => TOKEN,
    )
  }

  test('tells it below the words of the agent, without greeting', () => {
    const answer = solving({ ...SOLVED, fix: 'A new drum.' })
    expect(answer).toMatchObject({
      dedupeKey: `closing:1042:${NOW}`,
      survey: { ticket: 1042, solvedAt: NOW, anonymous: false },
    })
    expect(answer?.words).toMatch(/^With this we consider your request 1042 solved\.\n\nWhat was done: A new drum\.\n/)
    expect(answer?.words).toContain(`/survey/${TOKEN}`)
    expect(answer?.words).not.toMatch(/Hello|Kind regards|automatically/)
  })

  test('shows the page to nobody else', () => {
    expect(solving(SOLVED, ['jane@example.org'], ['bob@example.org'])?.words).not.toContain('http')
    expect(solving(SOLVED, ['jane@example.org'], ['bob@example.org'])?.words).toContain('SURVEY 4')
  })

  test('is none: not solved, solved before, closed before, or not to the requester', () => {
    expect(solving({ status: 'pending' })).toBeNull()
    expect(solving({ status: 'closed', solvedAt: NOW })).toBeNull()
    for (const status of ['solved', 'closed'] as const)
      expect(solving(SOLVED, undefined, [], { status, solvedAt: NOW })).toBeNull()
    expect(solving(SOLVED, ['bob@example.org'])).toBeNull()
  })

  test('says nothing where the mailbox does not, and nobody else says it then', () => {
    const rules = policy()
    const quiet = policy({
      mailboxes: new Map([...rules.mailboxes].map(([name, one]) => [name, { ...one, closing: false }])),
    })
    expect(solving(SOLVED, undefined, [], {}, quiet)).toEqual({
      words: null,
      dedupeKey: `closing:1042:${NOW}`,
      survey: null,
    })
  })
})
