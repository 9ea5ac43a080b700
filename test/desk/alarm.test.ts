import { describe, expect, test } from 'vitest'
import { type Alarm, type AlarmChange, alarmChanges, alarmMail, headline, type Trouble } from '../../src/desk/alarm.ts'
import { DAY, HOUR, type Instant, MINUTE, plus } from '../../src/instant.ts'

const NOW = '2026-11-23T09:00:00.000Z'
const trouble = (different: Partial<Trouble> = {}): Trouble => ({
  ...{ cause: 'reading', mailbox: 'it', folder: 'INBOX', since: plus(NOW, -20 * MINUTE), detail: 'nothing answers' },
  ...different,
})
const alarm = (different: Partial<Alarm> = {}): Alarm => ({
  ...trouble(),
  ...{ raisedAt: plus(NOW, -5 * MINUTE), toldAt: plus(NOW, -5 * MINUTE), overAt: null },
  ...different,
})
const short = (changes: readonly AlarmChange[]) => changes.map(({ kind, tell }) => `${kind}${tell ? ', told' : ''}`)

describe('when the admins are told', () => {
  test.each<[what: string, known: Alarm[], troubles: Trouble[], changes: string[]]>([
    ['nothing is wrong', [], [], []],
    ['something new', [], [trouble()], ['raised, told']],
    ['it lasts: they know', [alarm()], [trouble()], []],
    ['it lasts a day', [alarm({ toldAt: plus(NOW, -DAY) })], [trouble()], ['lasts, told']],
    ['it is over', [alarm()], [], ['over, told']],
    ['it was over before', [alarm({ overAt: plus(NOW, -HOUR) })], [], []],
    ['it comes again on the same day', [alarm({ overAt: plus(NOW, -HOUR) })], [trouble()], ['raised']],
    [
      'it comes again on another day',
      [alarm({ overAt: plus(NOW, -HOUR), toldAt: plus(NOW, -25 * HOUR) })],
      [trouble()],
      ['raised, told'],
    ],
    ['what they were not told of is over', [alarm({ raisedAt: NOW, toldAt: plus(NOW, -HOUR) })], [], ['over']],
    ['there was nobody to tell, and now there is', [alarm({ toldAt: null })], [trouble()], ['lasts, told']],
    [
      'it was told of in a future that the clock has left',
      [alarm({ overAt: NOW, toldAt: plus(NOW, 400 * DAY) })],
      [trouble()],
      ['raised, told'],
    ],
    [
      'another folder, another mailbox, another cause',
      [alarm()],
      [trouble(), trouble({ folder: 'Spam' }), trouble({ mailbox: 'hr' }), trouble({ cause: 'sending', folder: '' })],
      ['raised, told', 'raised, told', 'raised, told'],
    ],
  ])('%s', (_, known, troubles, expected) => {
    expect(short(alarmChanges(known, troubles, NOW))).toEqual(expected)
  })

  test('of a cause that comes and goes all day at most once, and once that it is over', () => {
    let known: Alarm[] = []
    const told: string[] = []
    let now: Instant = NOW
    for (let minute = 0; minute < 1439; minute++, now = plus(now, MINUTE)) {
      for (const { kind, trouble: about, tell } of alarmChanges(known, minute % 30 < 20 ? [trouble()] : [], now)) {
        if (tell) told.push(kind)
        const [before] = known
        const toldAt = tell && kind !== 'over' ? now : (before?.toldAt ?? null)
        known = [
          {
            ...about,
            raisedAt: kind === 'raised' ? now : (before?.raisedAt ?? now),
            toldAt,
            overAt: kind === 'over' ? now : null,
          },
        ]
      }
    }
    expect(told).toEqual(['raised', 'over'])
  })
})

describe('the mail', () => {
  const write = (...changes: AlarmChange[]) =>
    alarmMail({
      changes,
      from: { name: 'HR', address: 'hr@example.org' },
      to: ['ops@example.org', 'boss@example.org'],
      messageId: 'pd.0.x@example.org',
      now: NOW,
    })

  test('says what, since when, why and what to do, and is an automatic mail that answers nothing', () => {
    const mail = write({ kind: 'raised', trouble: trouble(), tell: true })
    expect(mail).toMatchObject({
      subject: '[Postdesk] mailbox it cannot be read',
      from: { address: 'hr@example.org' },
      to: [{ address: 'ops@example.org' }, { address: 'boss@example.org' }],
      automatic: true,
      inReplyTo: null,
      attachments: [],
    })
    expect(mail.text).toMatch(
      /^Mailbox it cannot be read, since 2026-11-23 08:40 UTC\.\nnothing answers\nNothing is lost: /,
    )
  })

  test('one mail for all that happened at once; what they are not to be told of stays out', () => {
    const mail = write(
      { kind: 'raised', trouble: trouble({ cause: 'silence', folder: '' }), tell: true },
      { kind: 'raised', trouble: trouble({ mailbox: 'secret' }), tell: false },
      { kind: 'over', trouble: trouble({ cause: 'sending', mailbox: 'hr', folder: '' }), tell: true },
    )
    expect(mail.subject).toBe('[Postdesk] no mail comes to mailbox it (and 1 more)')
    expect(mail.text).toContain(
      'Mail from mailbox hr is sent again, since 2026-11-23 09:00 UTC. It did not from 2026-11-23 08:40 UTC on.',
    )
    expect(mail.text).not.toContain('secret')
  })

  test.each<[Partial<Trouble>, AlarmChange['kind'], string]>([
    [{ folder: 'Shared/Old' }, 'raised', 'mailbox it (Shared/Old) cannot be read'],
    [{ cause: 'sending', folder: '' }, 'lasts', 'still: mail from mailbox it is not sent'],
    [{ cause: 'silence', folder: '' }, 'over', 'mail comes to mailbox it again'],
    [{}, 'over', 'mailbox it is read again'],
  ])('%o %s', (about, kind, words) => {
    expect(headline({ kind, trouble: trouble(about), tell: true })).toBe(words)
  })

  test('nothing to tell is a bug of the caller', () => {
    expect(() => write({ kind: 'raised', trouble: trouble(), tell: false })).toThrow('nothing to tell')
  })
})
