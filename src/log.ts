import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What could not be written is kept up to here until it can; what comes then is dropped. */
const KEPT_BYTES = 1_000_000

/**
 * The program's logger. Field names are agreed so that lines can be counted: `mailbox folder uid messageId ticket outbox
 * attempt decision ms err`. Texts of mails and subjects stay out of it. JSON lines; readable lines on a terminal.
 */
export function createLog(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['password', '*.password', '*.secret', '*.accessToken', 'req.headers.authorization', 'authorization'],
    },
  }
  if (destination) return pino(options, destination)
  if (process.stdout.isTTY) {
    return pino({ ...options, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } })
  }
  // Blocking: asynchronous, on a full disk the process would try for ever to write its last lines, deaf to every signal.
  const out = pino.destination({ fd: process.stdout.fd, sync: true, maxLength: KEPT_BYTES })
  // A log that cannot be written stops no mail.
  out.on('error', () => undefined)
  return pino(options, out)
}
