import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ParsedMail, ReportPart } from '../../src/mail/message.ts'
import { readReport } from '../../src/mail/report.ts'
import { fields, parsedMail } from '../support/parsed-mail.ts'

// What we sent and what comes back: the mail <pd.1042.x@example.org> from support@example.org.
const RETURNED = [
  'Return-Path: <support@example.org>',
  'Received: from desk.example.org (desk.example.org [192.0.2.9])',
  '\tby mx.example.org with ESMTP id 4XyZ; Mon, 2 Mar 2026 10:00:00 +0100',
  'Message-ID:',
  ' <pd.1042.x@example.org>',
  'From: Support <support@example.org>',
  'To: anna@gone.example',
  'Subject: [#1042] Printer',
].join('\n')
const returned: ReportPart = { contentType: 'message/rfc822', text: `${RETURNED}\n\nHello Anna\n` }

const daemon = {
  from: { name: 'Mail Delivery System', address: 'MAILER-DAEMON@mx.example' },
  headers: fields('Return-Path: <>'),
}

const person = (address: string) => ({ from: { name: '', address }, headers: [] })

function standard(status: string, more: Partial<ParsedMail> = {}) {
  const reportParts = [{ contentType: 'message/delivery-status', text: status }, returned]
  return readReport(
    parsedMail({
      contentType: { type: 'multipart/report', parameters: { 'report-type': 'delivery-status' } },
      reportParts,
      text: '',
      ...more,
    }),
  )
}

/** A bounce that is nothing but words from a mail server. */
function words(subject: string, text: string, more: Partial<ParsedMail> = {}) {
  return readReport(parsedMail({ ...daemon, subject, text, ...more }))
}

const failed = (address: string, status: string | null) => ({ address, action: 'failed', status })

describe('RFC 3464', () => {
  const mta = 'Reporting-MTA: dns; mx.example\nArrival-Date: Mon, 2 Mar 2026 10:00:00 +0100\n'
  test('a failure', () => {
    const report = standard(`${mta}
Original-Recipient: rfc822;anna@gone.example
Final-Recipient: rfc822; anna@gone.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user`)
    expect(report).toEqual({
      kind: 'delivery',
      recipients: [failed('anna@gone.example', '5.1.1')],
      permanent: true,
      originalMessageId: 'pd.1042.x@example.org',
    })
  })
  test('a delay is not permanent', () => {
    const report = standard(`${mta}
Final-Recipient: rfc822; anna@gone.example
Action: delayed
Status: 4.4.1
Will-Retry-Until: Fri, 6 Mar 2026 10:00:00 +0100`)
    expect(report).toMatchObject({ recipients: [{ action: 'delayed', status: '4.4.1' }], permanent: false })
  })
  test('a failure after days of temporary errors is permanent', () => {
    expect(
      standard(`${mta}
Final-Recipient: rfc822; anna@gone.example
Action: failed
Status: 4.4.7`)?.permanent,
    ).toBe(true)
  })
  test('of several recipients those that failed', () => {
    const report = standard(
      `${mta}
Final-Recipient: rfc822; a@x.example
Action: relayed
Status: 2.0.0

Final-Recipient: rfc822; b@x.example
Action: failed
Status: 5.2.2

Final-Recipient: rfc822; c@x.example
Action: FAILED (mailbox)
Status: 5.7.1`,
    )
    expect(report?.recipients).toEqual([failed('b@x.example', '5.2.2'), failed('c@x.example', '5.7.1')])
  })
  test('a report of success', () => {
    const report = standard(`${mta}
Final-Recipient: rfc822; a@x.example
Action: delivered
Status: 2.0.0`)
    expect(report).toMatchObject({
      kind: 'delivery',
      recipients: [{ address: 'a@x.example', action: 'delivered' }],
      permanent: null,
    })
  })
  test.each([
    [
      'no blank line between the groups',
      `${mta}Final-Recipient: rfc822; a@x.example
Action: failed
Status: 5.1.1
Final-Recipient: rfc822; b@x.example
Action: failed
Status: 5.1.1`,
    ],
    [
      'a blank line inside a group',
      `${mta}
Final-Recipient: rfc822; a@x.example

Action: failed
Status: 5.1.1

Final-Recipient: rfc822; b@x.example

Action: failed
Status: 5.1.1`,
    ],
    [
      'CRLF, other capitals, folding',
      `${mta}
FINAL-RECIPIENT: RFC822;
  <a@x.example>
ACTION: failed
STATUS: 5.1.1 (bad)

final-recipient: rfc822;b@x.example
action: failed
status: 5.1.1`.replaceAll('\n', '\r\n'),
    ],
    [
      'only the original recipient',
      `${mta}
Original-Recipient: <a@x.example>
Action: failed
Diagnostic-Code: smtp; 550 5.1.1 gone

Original-Recipient: <b@x.example>
Action: failed
Status: 5.1.1`,
    ],
    [
      'a general status made precise by the diagnosis',
      `${mta}
Final-Recipient: rfc822; a@x.example
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; 550 5.1.1 gone

Final-Recipient: rfc822; b@x.example
Action: failed
Diagnostic-Code: smtp; 550-5.1.1 gone`,
    ],
  ])('%s', (_, status) => {
    expect(standard(status)?.recipients).toEqual([failed('a@x.example', '5.1.1'), failed('b@x.example', '5.1.1')])
  })
  test('a recipient inside the failing host yields to the original one', () => {
    const of = (final: string, original: string) =>
      standard(`Original-Recipient: rfc822; ${original}\nFinal-Recipient: rfc822; ${final}\nAction: failed`)?.recipients
    expect(of('anna@store-daemon', 'anna@gone.example')).toEqual([failed('anna@gone.example', '5.0.0')])
    expect(of('anna@store-daemon', 'anna@localhost')).toEqual([failed('anna@store-daemon', '5.0.0')])
    expect(of('anna@in.gone.example', 'anna@gone.example')).toEqual([failed('anna@in.gone.example', '5.0.0')])
  })
  test('only an SMTP code gives the class', () => {
    expect(
      standard('Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: smtp; 452 try later')
        ?.recipients,
    ).toEqual([failed('a@x.example', '4.0.0')])
  })
  test('the fields stand in the text where no part holds them', () => {
    const report = words(
      'Delivery Status Notification (Failure)',
      `An error occurred.

Technical report:

Action: failed
Final-Recipient: rfc822; anna@gone.example
Status: 5.1.1`,
    )
    expect(report?.recipients).toEqual([failed('anna@gone.example', '5.1.1')])
  })
  test('a report whose parts are lost still is one', () => {
    expect(standard('', { reportParts: [], subject: '' })).toEqual({
      kind: 'delivery',
      recipients: [],
      permanent: null,
      originalMessageId: null,
    })
  })
  test('without a returned mail, what the report answers is the original', () => {
    expect(
      standard('Final-Recipient: rfc822; a@x.example\nAction: failed', {
        reportParts: [{ contentType: 'message/delivery-status', text: 'Action: failed' }],
        inReplyTo: ['pd.7.y@example.org'],
      })?.originalMessageId,
    ).toBe('pd.7.y@example.org')
  })
  test('a filter that wraps the whole bounce', () => {
    const inner = `${RETURNED}

Final-Recipient: rfc822; anna@gone.example
Action: failed
Status: 5.1.1
`
    const report = words('Returned mail: User unknown', 'The original message was received at noon.', {
      reportParts: [{ contentType: 'message/rfc822', text: inner }],
    })
    expect(report?.recipients).toEqual([failed('anna@gone.example', '5.1.1')])
  })
})

describe('bounces without a standard', () => {
  const cases: [string, string, string, ReturnType<typeof failed>[], Partial<ParsedMail>?][] = [
    [
      'qmail',
      'failure notice',
      `Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<anna@gone.example>:
192.0.2.5 does not like recipient.
Remote host said: 550 5.1.1 no such user here
Giving up on 192.0.2.5.

<bert@full.example>:
192.0.2.6 failed after I sent the message.
Remote host said: 552 5.2.2 mailbox full

--- Below this line is a copy of the message.

${RETURNED}`,
      [failed('anna@gone.example', '5.1.1'), failed('bert@full.example', '5.2.2')],
    ],
    [
      'Exim names the failed in a header',
      'Mail delivery failed: returning message to sender',
      `This message was created automatically by mail delivery software.

A message sent by

  <support@example.org>

could not be delivered to one or more of its recipients. The following
address(es) failed:

  anna@gone.example
    (generated from info@gone.example)
    550 5.1.1 unknown user

------ This is a copy of the message, including all the headers. ------

${RETURNED}`,
      [failed('anna@gone.example', '5.1.1')],
      { headers: fields('X-Failed-Recipients: anna@gone.example', 'Return-Path: <support@example.org>') },
    ],
    [
      'Exim without that header',
      'Mail delivery failed',
      `A message sent by

  <someone@example.org>

could not be delivered to one or more of its recipients. The following
address(es) failed:

  anna@gone.example
    550 no such user

${RETURNED}`,
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'Exchange 2003',
      'Undeliverable: [#1042] Printer',
      `Your message did not reach some or all of the intended recipients.

      To:	help@gone.example
      Subject:	Printer
      Sent:	3/2/26 10:00 AM

The following recipient(s) could not be reached:

      anna@gone.example on 3/2/26 10:00 AM
            The e-mail account does not exist
            <mx.gone.example #5.1.1>`,
      [failed('anna@gone.example', '5.1.1')],
      { from: { name: 'System Administrator', address: 'postmaster@gone.example' } },
    ],
    [
      'Sendmail transcript',
      'Returned mail: User unknown',
      `   ----- Transcript of session follows -----
While talking to mx.gone.example:
>>> MAIL From:<support@example.org>
<<< 250 ok
>>> RCPT To:<anna@gone.example>
<<< 550 5.1.1 <anna@gone.example>... User unknown`,
      [failed('anna@gone.example', '5.1.1')],
    ],
    [
      'Yahoo',
      'Failure Notice',
      `Sorry, we were unable to deliver your message to the following address.

<anna@gone.example>:
554: delivery error: dd This user doesn't have an account

--- Below this line is a copy of the message.

${RETURNED}`,
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'Postfix in Japanese words',
      'Undelivered Mail Returned to Sender',
      `このメールは配信できませんでした。

For further assistance, please contact <postmaster@mx.example>

<anna@gone.example>: Host not found`,
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'a German one from a postmaster',
      'Unzustellbar: [#1042] Drucker',
      `Ihre Nachricht konnte nicht zugestellt werden an:

anna@gone.example

550 5.1.10 Empfänger nicht gefunden`,
      [failed('anna@gone.example', '5.1.10')],
      { from: { name: '', address: 'postmaster@gone.example' } },
    ],
    [
      'a provider that writes as noreply',
      'メールエラー通知',
      'Your mail sent on: Mon, 2 Mar 2026\n     Could not be delivered to: <anna@gone.example>\n     As their mailbox is full.',
      [failed('anna@gone.example', '5.0.0')],
      { from: { name: '', address: 'no-reply@gone.example' }, headers: [], reportParts: [returned] },
    ],
    [
      'a daemon without an address',
      'Mail delivery failed',
      `There was an error delivering your mail to <anna@gone.example>.

mx.gone.example did not like our RCPT TO:
550 5.7.1 rejected

Message headers follow.

Subject: [#1042] Printer
To: <anna@gone.example>`,
      [failed('anna@gone.example', '5.7.1')],
      { from: { name: 'MAILER-DAEMON', address: '' }, headers: [] },
    ],
    [
      'nobody named but in the returned mail',
      'Returned mail: see transcript',
      `The original message could not be delivered.\n\n${RETURNED}`,
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'the address that failed is the one it went to',
      'failure notice',
      `I wasn't able to deliver your message to the following addresses.

<support@example.org>:
quota exceeded`,
      [failed('support@example.org', '5.0.0')],
    ],
    [
      'Exim names the failed by a name of its own host, the address alone in a header',
      'Mail delivery failed: returning message to sender',
      `The following address(es) failed:

  anna
    SMTP error from remote mail server after MAIL FROM:<support@example.org> SIZE=1543:
    host mx.gone.example [192.0.2.5]: 550 5.7.0 Please use the server of your provider.`,
      [failed('anna@gone.example', '5.7.0')],
      { headers: fields('X-Failed-Recipients: anna@gone.example') },
    ],
    [
      'an address under its type',
      'Message Delivery Failure',
      'The following recipient(s) could not be reached:\n\n\tRecipient: [SMTP:anna@gone.example]\n\tReason: 550 5.1.1 mailbox unavailable',
      [failed('anna@gone.example', '5.1.1')],
    ],
    [
      'an address inside an X.400 name',
      'Undeliverable: Printer',
      `Your message

  To:      list@gone.example
  Subject: Printer

did not reach the following recipient(s):

c=XX;a= ;p=GONE;o=Site1;dda:SMTP=anna@gone.example; on Mon, 2 Mar 2026
    The recipient name is not recognized`,
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'a sender under its type',
      'Message Delivery Failure',
      'From: [SMTP:jane@example.org]\nMessage could not be delivered to <anna@gone.example>',
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'Exim withholds who failed',
      'Mail delivery failed: returning message to sender',
      `A message that you sent could not be delivered. The following address(es) failed:

  an undisclosed address
    (generated from anna@gone.example)
    550 5.2.2 quota`,
      [failed('anna@gone.example', '5.2.2')],
    ],
    [
      'Postfix breaks the line before an alias',
      'Undelivered Mail Returned to Sender',
      '<anna@gone.example> (expanded from\n    <help@gone.example>): user unknown. Command output: 5.1.1',
      [failed('anna@gone.example', '5.1.1')],
    ],
    [
      'advice that breaks a line before an address',
      'Returned mail: name server',
      `Message not delivered to the following:

 anna    No matches

The message is generated when the directory has no such name. Try a longer form
of it, for example, if
ann.other@gone.example fails, try ann.p.other@gone.example.
To reach somebody of that office, try emailing to office@gone.example instead.

${RETURNED}`,
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'a sentence that breaks a line before who failed',
      'Returned mail',
      'We are sorry, your message to\nanna@gone.example could not be delivered.',
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'an alias of theirs in the transcript',
      'failure notice',
      'Sorry, unable to deliver your message to anna@gone.example for\nthe following reason:\n\n 552 5.2.2 quota violation for a.miller@inside.gone.example',
      [failed('anna@gone.example', '5.2.2')],
    ],
    [
      'a name without a domain, of one of those we wrote to',
      'Mail delivery failed',
      `The following address(es) failed:

  bert
    quota exceeded

${RETURNED.replace('To:', 'Cc: bert@gone.example\nTo:')}`,
      [failed('bert@gone.example', '5.0.0')],
    ],
    [
      'a name without a domain, of somebody behind the only one we wrote to',
      'Mail delivery failed',
      `The following address(es) failed:\n\n  amiller\n    quota exceeded\n\n${RETURNED}`,
      [failed('anna@gone.example', '5.0.0')],
    ],
    [
      'a name without a domain, of nobody we know',
      'Mail delivery failed',
      `The following address(es) failed:

  amiller
    quota exceeded

${RETURNED.replace('To:', 'Cc: bert@gone.example\nTo:')}`,
      [],
    ],
    [
      'a subject that gives up, and an intended recipient',
      'mail failed, returning to sender',
      'Intended recipient: anna@gone.example\n\nThe following mail has been returned because of an error.',
      [failed('anna@gone.example', '5.0.0')],
      { headers: [] },
    ],
    [
      'a subject that names the user',
      'Warning: anna@gone.example - User unknown!',
      'anna@gone.example - no such user here.',
      [failed('anna@gone.example', '5.0.0')],
      person('MDaemon@gone.example'),
    ],
    [
      'an address like a version number',
      'failure notice',
      `Unable to deliver your message (mta 6.5.0-5 at 192.0.2.5).

<anna@gone.example>:
550 user unknown`,
      [failed('anna@gone.example', '5.0.0')],
    ],
  ]
  test.each(cases)('%s', (_, subject, text, recipients, more) => {
    const report = words(subject, text, more)
    expect(report).toMatchObject({ kind: 'delivery', permanent: recipients.length > 0 ? true : null })
    expect(report?.recipients).toEqual(recipients)
    expect(words(subject, text.replaceAll('\n', '\r\n'), more)).toEqual(report)
  })

  test('the id of the original stands in the returned header, folded or quoted', () => {
    const text = (back: string) => `I wasn't able to deliver your message.

<anna@gone.example>:
user unknown

--- Below this line is a copy of the message.

${back}`
    expect(words('failure notice', text(RETURNED))?.originalMessageId).toBe('pd.1042.x@example.org')
    expect(words('failure notice', text(RETURNED.replaceAll(/^/gm, '> ')))?.originalMessageId).toBe(
      'pd.1042.x@example.org',
    )
    expect(words('failure notice', text(RETURNED.replaceAll(/^/gm, '   ')))?.originalMessageId).toBe(
      'pd.1042.x@example.org',
    )
  })

  test.each([
    [
      'Warning: message 1abc delayed 24 hours',
      `A message that you sent has not yet been delivered to one or more of its recipients after more than 24 hours.

  anna@gone.example
    Delay reason: 450 4.2.0 greylisted

No action is required on your part. Delivery attempts will continue.`,
    ],
    [
      'Delivery status notification: warning',
      `A message is delayed for more than 10 minutes for:

anna@gone.example: 450 4.2.0 greylisted

The message is kept in the queue for up to 4 days.
You DO NOT NEED to re-send the message.`,
    ],
    [
      'Delayed Mail (still being retried)',
      `Your message could not be delivered for 15 minutes.
It will be retried until it is 5 days old.

<anna@gone.example>: 450 4.2.0 greylisted`,
    ],
  ])('late, not lost: %s', (subject, text) => {
    expect(words(subject, text)).toMatchObject({
      permanent: false,
      recipients: [{ address: 'anna@gone.example', action: 'delayed', status: '4.2.0' }],
    })
  })

  test('late, because a mailbox is full', () => {
    const text = `This is an advisory-only email. Please do not answer it.

Delivery of email to this address

"anna@gone.example"

has been postponed due to a full mailbox.

We will continue to try to deliver your message.`
    expect(words('Mail Delivery Warning', text)).toMatchObject({
      permanent: false,
      recipients: [{ address: 'anna@gone.example', action: 'delayed' }],
    })
  })

  test('given up after a delay', () => {
    const text = `I'm afraid I wasn't able to deliver your message. The message is delayed for days.
This is a permanent error; I've given up.

<anna@gone.example>:
450 4.2.2 full
I'm not going to try again; it has been in the queue too long.`
    expect(words('failure notice', text)).toMatchObject({
      permanent: true,
      recipients: [failed('anna@gone.example', '4.2.2')],
    })
  })

  test('Amazon SES reports in JSON', () => {
    const bounce = {
      notificationType: 'Bounce',
      bounce: {
        bounceType: 'Permanent',
        bouncedRecipients: [{ emailAddress: 'anna@gone.example', action: 'failed', status: '5.1.1' }],
      },
      mail: { commonHeaders: { messageId: '<pd.1042.x@example.org>' } },
    }
    const sns = (told: unknown) =>
      readReport(
        parsedMail({
          from: { name: '', address: 'no-reply@sns.amazonaws.com' },
          headers: fields('X-Amz-Sns-Message-Id: 1'),
          text: `${JSON.stringify(told)}

--
If you wish to stop …`,
        }),
      )
    expect(sns(bounce)).toEqual({
      kind: 'delivery',
      recipients: [failed('anna@gone.example', '5.1.1')],
      permanent: true,
      originalMessageId: 'pd.1042.x@example.org',
    })
    expect(sns({ notificationType: 'Delivery', delivery: { recipients: ['anna@gone.example'] } })).toMatchObject({
      kind: 'delivery',
      recipients: [{ action: 'delivered' }],
      permanent: null,
    })
    expect(
      sns({
        notificationType: 'Complaint',
        complaint: { complainedRecipients: [{ emailAddress: 'anna@gone.example' }] },
      })?.kind,
    ).toBe('feedback')
    for (const strange of [
      null,
      [],
      'x',
      { notificationType: 'Bounce' },
      { notificationType: '__proto__' },
      { notificationType: 'constructor' },
      { notificationType: 'Bounce', bounce: { bouncedRecipients: 7 } },
    ])
      expect(() => sns(strange)).not.toThrow()
  })
})

describe('receipts and complaints are told apart', () => {
  const report = (type: string, text: string) =>
    readReport(
      parsedMail({
        contentType: { type: 'multipart/report', parameters: { 'report-type': type } },
        reportParts: [{ contentType: `message/${type}`, text }, returned],
      }),
    )
  test('a read receipt (RFC 8098)', () => {
    const receipt = report(
      'disposition-notification',
      'Final-Recipient: rfc822;anna@x.example\nOriginal-Message-ID: <pd.9.z@example.org>\nDisposition: manual-action/MDN-sent-manually; displayed',
    )
    expect(receipt).toEqual({
      kind: 'disposition',
      recipients: [{ address: 'anna@x.example', action: null, status: null }],
      permanent: null,
      originalMessageId: 'pd.9.z@example.org',
    })
  })
  test('an abuse complaint (RFC 5965)', () => {
    const complaint = report(
      'feedback-report',
      `Feedback-Type: abuse
User-Agent: x/1
Version: 1
Original-Rcpt-To: <anna@x.example>
Removal-Recipient: anna@x.example`,
    )
    expect(complaint).toEqual({
      kind: 'feedback',
      recipients: [{ address: 'anna@x.example', action: null, status: null }],
      permanent: null,
      originalMessageId: 'pd.1042.x@example.org',
    })
  })
})

describe('people and vacations are no reports', () => {
  const quoted = `Hello, what does this mean?

> Hi. This is the qmail-send program at mx.example.
> I'm afraid I wasn't able to deliver your message to the following addresses.
>
> <anna@gone.example>:
> 550 5.1.1 no such user
>
> --- Below this line is a copy of the message.
>
${RETURNED.replaceAll(/^/gm, '> ')}`
  const status = {
    contentType: 'message/delivery-status',
    text: `Reporting-MTA: dns; mx

Final-Recipient: rfc822; anna@gone.example
Action: failed
Status: 5.1.1`,
  }
  test.each<[string, Partial<ParsedMail>]>([
    ['an ordinary mail', {}],
    [
      'a parcel',
      { subject: 'Undelivered parcel 8841', text: 'My parcel could not be delivered. Delivery status says failed.' },
    ],
    [
      'a full mailbox',
      { subject: 'mailbox full', text: 'Outlook tells me my mailbox is full, 5.2.2. Can you enlarge it?' },
    ],
    ['a quoted bounce', { subject: 'Re: failure notice', text: quoted }],
    ['a quoted bounce under its own subject', { subject: 'failure notice', text: quoted }],
    ['a pasted bounce', { subject: 'Undelivered Mail Returned to Sender', text: quoted.replaceAll(/^> ?/gm, '') }],
    [
      'a forwarded bounce',
      {
        subject: 'Fwd: Undelivered Mail Returned to Sender',
        text: quoted,
        reportParts: [status, returned],
        contentType: { type: 'multipart/mixed', parameters: {} },
      },
    ],
    [
      'a bounce attached without a mark in the subject',
      {
        subject: 'Undelivered Mail Returned to Sender',
        reportParts: [status, returned],
        contentType: { type: 'multipart/mixed', parameters: {} },
      },
    ],
    [
      'a forward by the postmaster',
      {
        ...daemon,
        from: { name: '', address: 'postmaster@customer.example' },
        headers: [],
        subject: 'Fwd: failure notice',
        text: quoted,
      },
    ],
    [
      'a forward with nothing above it',
      {
        subject: 'Fwd: Mail delivery failed: returning message to sender',
        text: 'This message was created automatically by mail delivery software.\n\nCould not be delivered to anna@gone.example',
      },
    ],
    [
      'a bounce of their own, pasted without a word',
      {
        from: { name: 'Jane', address: 'Jane@customer.example' },
        subject: 'Mail delivery failed: returning message to sender',
        text: `This message was created automatically by mail delivery software.

The following address failed:

  anna@gone.example
    550 5.1.1 unknown user

------ This is a copy of the message, including all the headers. ------

Received: from pc.customer.example by mx.customer.example
From: Jane <jane@customer.example>
To: anna@gone.example`,
      },
    ],
    [
      "somebody else's bounce, pasted without a word",
      {
        from: { name: 'Jane', address: 'jane@customer.example' },
        subject: 'Mail delivery failed: returning message to sender',
        text: `This message was created automatically by mail delivery software.

The following address failed:

  anna@gone.example
    550 5.1.1 unknown user`,
      },
    ],
    [
      'a machine that speaks of something else',
      {
        subject: 'Undelivered parcels of today',
        text: 'This message was sent automatically.\n\nThe parcel for jane@customer.example could not be delivered.',
      },
    ],
    [
      'a person with the initials of a machine',
      {
        from: { name: 'Nadia Rossi', address: 'ndr@customer.example' },
        subject: 'Mail delivery failed',
        text: 'I get this when I write to Anna:\n\n550 5.1.1 <anna@gone.example>: user unknown\n\nYour message could not be delivered.\n\nNadia',
      },
    ],
    [
      'who keeps the mail servers',
      {
        from: { name: 'Jan', address: 'mail-administrator@customer.example' },
        subject: 'Delivery failed',
        text: 'Our mail could not be delivered to anna@gone.example: 552 5.2.2 mailbox full.\n\nCan you look at it?',
      },
    ],
    [
      'a vacation with the null path',
      {
        subject: 'Automatic reply: Mail delivery failed',
        text: 'I am out. Mail to anna@gone.example could not be delivered before.',
        headers: fields('Return-Path: <>', 'Auto-Submitted: auto-replied'),
      },
    ],
    [
      'an automatic acknowledgement with the null path',
      { subject: 'Re: [#1042] Printer', text: 'We have received your mail.', headers: fields('Return-Path: <>') },
    ],
    [
      'a shop that writes as noreply',
      {
        subject: 'Your order',
        from: { name: 'Shop', address: 'noreply@shop.example' },
        text: 'Your parcel could not be delivered to jane@customer.example.',
      },
    ],
    [
      'an attached report of another kind',
      { reportParts: [{ contentType: 'message/feedback-report', text: 'Feedback-Type: abuse' }] },
    ],
  ])('%s', (_, mail) => expect(readReport(parsedMail(mail))).toBeNull())
})

test('never throws, and every address, status and id is clean', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'Final-Recipient: rfc822; ',
      'a@x.example',
      '\n',
      '\n\n',
      '\r\n',
      '<',
      '>',
      ': ',
      '550 5.1.1 ',
      'Action: failed',
      'Message-ID: <',
      'RCPT TO:<',
      'Received: from x\n',
      'could not be delivered to ',
      '--- Below this line is a copy of the message.\n',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  const text = fc.array(piece, { maxLength: 60 }).map(pieces => pieces.join(''))
  fc.assert(
    fc.property(text, text, text, (body, part, back) => {
      const report = words('failure notice', body, {
        reportParts: [
          { contentType: 'message/delivery-status', text: part },
          { contentType: 'message/rfc822', text: back },
        ],
      })
      for (const one of report?.recipients ?? []) {
        expect(one.address).toMatch(/^[^\s@<>\p{Cc}]{1,64}@[^\s@<>\p{Cc}]+$/u)
        expect(one.status ?? '5.0.0').toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/)
      }
      expect(report?.originalMessageId ?? '').not.toMatch(/[\s<>\p{Cc}]/u)
    }),
  )
})

test('linear in the length of the text', () => {
  const units = [
    'a',
    'a@',
    'a@b.c ',
    '<',
    '\n',
    'X-A: b\n',
    '> ',
    '-',
    'a.',
    'delivery a ',
    'error of the of the ',
    'nie ma ',
    '550 5.1.1 ',
    ' ',
    'Received: x\n\n',
    'From: a@b.cd\n',
    'Final-Recipient: rfc822; a@b.cd\n',
    '\t<',
    'a b c d\na@b.cd e f\n',
    'a, ',
    'recipients: \na\n',
    'this is a ',
    '(generated from ',
  ]
  for (const unit of units) {
    const text = unit.repeat(Math.floor(300_000 / unit.length))
    words('failure notice', text, {
      reportParts: [
        { contentType: 'message/delivery-status', text },
        { contentType: 'message/rfc822', text },
      ],
    })
  }
}, 15_000)
