/*
 * The commands of the built program as processes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { within } from './wait.ts'

/** The built program: `npm run build` makes it. */
export const MAIN = join(import.meta.dirname, '../../dist/main.js')

export type Environment = Readonly<Record<string, string>>
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** Runs one command of the program to its end; `input` is what it reads on standard input. */
export async function command(
  args: readonly string[],
  { env = {}, input = '', cwd }: { env?: Environment; input?: string; cwd?: string } = {},
): Promise<Ended> {
  const { POSTDESK_CONFIG: _ours, ...around } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...around, ...env }, ...(cwd ? { cwd } : {}) })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // A command that reads nothing may be gone before we have written.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  try {
    await within(60_000, `postdesk ${args[0]}`, once(child, 'close'))
  } finally {
    child.kill('SIGKILL')
  }
  return { code: child.exitCode, stdout, stderr }
}
