import { createLog, type Logger } from '../../src/log.ts'

/** A log that keeps its lines, to be looked at. */
export function keptLog(): { log: Logger; lines: () => Record<string, unknown>[] } {
  const chunks: string[] = []
  const log = createLog('debug', { write: text => void chunks.push(text) })
  return { log, lines: () => chunks.map(chunk => JSON.parse(chunk) as Record<string, unknown>) }
}
