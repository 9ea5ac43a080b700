import type { Instant } from '../instant.ts'

/** One address of a header: the display name ('' when there is none) and the address as written, domain folded. */
export type Address = { readonly name: string; readonly address: string }

/** One header field: the name in lower case, the value unfolded, decoded and free of control characters. */
export type Header = { readonly name: string; readonly value: string }

/** A part of the mail that a person may want to open. */
export type Attachment = {
  /** The position among the attachments of this mail: with the raw bytes it finds the content again. */
  readonly part: number
  /** Made safe to store and to show: no path, no control or bidi characters; null when the mail gave none. */
  readonly filename: string | null
  readonly contentType: string
  /** Bytes after decoding. */
  readonly size: number
  /** Shown inside the text (an image of the HTML) rather than offered for download. */
  readonly inline: boolean
  readonly contentId: string | null
  /** Hex SHA-256 of the decoded content. */
  readonly sha256: string
  /** Its text holds what we wrote for agents alone, and it leaves us for nobody else. Known as long as the mail is in hand. */
  readonly internal?: true
}

/**
 * A machine-readable part kept apart from the text: message/delivery-status, message/disposition-notification,
 * message/feedback-report, the returned message or its headers (message/rfc822, text/rfc822-headers), text/calendar.
 */
export type ReportPart = { readonly contentType: string; readonly text: string }

/** A mail after MIME parsing: what stands in it, not yet what it means. Nothing in it is to be trusted. */
export type ParsedMail = {
  /** Ids are kept as written but without angle brackets, white space and control characters (RFC 5322 §3.6.4). */
  readonly messageId: string | null
  readonly inReplyTo: readonly string[]
  readonly references: readonly string[]
  /** Null when the Date header is missing, unreadable or absurd: never "now". */
  readonly date: Instant | null
  readonly from: Address | null
  readonly sender: Address | null
  readonly replyTo: readonly Address[]
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly subject: string
  /** Every header field in order of appearance. */
  readonly headers: readonly Header[]
  /** The media type of the whole mail, in lower case, and its parameters (`report-type`, `method` …). */
  readonly contentType: { readonly type: string; readonly parameters: Readonly<Record<string, string>> }
  /** The whole visible text: of the text/plain parts, or of the HTML where there is no plain text. */
  readonly text: string
  /** True when the mail brought text/plain parts of its own. */
  readonly hasPlainText: boolean
  /** The HTML as sent (capped in size), unsafe: only to be read, never to be shown. */
  readonly sourceHtml: string | null
  readonly attachments: readonly Attachment[]
  readonly reportParts: readonly ReportPart[]
  /** S/MIME or PGP: whether the content could only be read by the addressee, or carries a signature. */
  readonly protection: 'none' | 'signed' | 'encrypted'
  /** Bytes of the mail as received. */
  readonly size: number
  /**
   * Hex SHA-256 over what makes two copies the same mail (ids, sender, date, subject, text, attachments) and not over
   * what transport adds (Received, Delivered-To …): identity is content, the Message-ID is only a hint.
   */
  readonly fingerprint: string
}

export type AutomaticKind =
  | 'vacation'
  | 'auto-reply'
  | 'auto-generated'
  | 'list'
  | 'bulk'
  | 'dsn'
  | 'mdn'
  | 'feedback'
  | 'delivered'
  | 'calendar'
  | 'system'
  | 'loop'
  | 'suppress-header'

/** Why a mail must not be answered automatically: the kind, and the evidence in words ("Auto-Submitted: auto-replied"). */
export type Automatic = { readonly kind: AutomaticKind; readonly why: string }

export type ReportRecipient = {
  readonly address: string
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded' | null
  /** Enhanced status code such as 5.1.1; X.0.0 where a delivery report says no more than what happened (RFC 3463 §3.1). */
  readonly status: string | null
}

/** A report about a mail sent earlier: a bounce, a read receipt, an abuse complaint. */
export type Report = {
  readonly kind: 'delivery' | 'disposition' | 'feedback'
  readonly recipients: readonly ReportRecipient[]
  /** True when a failure is final, false when delivery is only late, null when the report does not say. */
  readonly permanent: boolean | null
  readonly originalMessageId: string | null
}

/** The mail that was forwarded to us, as far as it could be read out of an inline or attached forward. */
export type Forwarded = {
  readonly from: Address | null
  readonly date: string | null
  readonly subject: string | null
  readonly text: string
  /** As `Message.language`. */
  readonly language: string | null
}

/** A mail as a person reads it. */
export type Message = Omit<ParsedMail, 'sourceHtml' | 'reportParts' | 'hasPlainText'> & {
  /** Sanitised: no scripts, no remote content. */
  readonly html: string | null
  /** What this person wrote in this mail: without quotation, signature and disclaimer. Never empty when `text` holds words of theirs. */
  readonly newText: string
  /**
   * The new text stands below the header of another mail: what was passed on without a word, or an answer below a quotation
   * without marks. Nobody can tell whose words it holds.
   */
  readonly newTextIsBelow: boolean
  /** ISO 639-1 of the new text; null when it is too short to tell. */
  readonly language: string | null
  readonly automatic: Automatic | null
  /** The group of ours that stands in From instead of who wrote, whom `from` names all the same; null: no group does. */
  readonly via: Address | null
  readonly report: Report | null
  readonly forwarded: Forwarded | null
}
