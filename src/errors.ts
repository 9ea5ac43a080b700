/** What kind of thing went wrong; `api/` maps each to one HTTP status, `main.ts` to an exit code. */
export type ErrorCode =
  | 'config'
  | 'invalid'
  | 'not_found'
  | 'conflict'
  | 'outdated'
  | 'unauthorized'
  | 'forbidden'
  | 'imap'
  | 'smtp'
  | 'store'
  | 'unparseable'

type More = { cause?: unknown; temporary?: boolean; fields?: Record<string, unknown> }

/** The one error this program throws on purpose. Its message says what to do and never holds a secret. */
export class DeskError extends Error {
  override readonly name = 'DeskError'
  readonly code: ErrorCode
  /** Would the same call succeed later, unchanged? (SMTP 4xx, a lost connection.) */
  readonly temporary: boolean
  /** For the log, never for the peer. */
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, more: More = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.temporary = more.temporary ?? false
    this.fields = more.fields ?? {}
  }
}

/** Unknown errors count as temporary: losing mail is worse than trying twice. */
export function isTemporary(error: unknown): boolean {
  return error instanceof DeskError ? error.temporary : true
}

/** The text of anything thrown, for a log line or a database column. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
