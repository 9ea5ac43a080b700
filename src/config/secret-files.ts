/*
 * Secrets as the configuration names them: in environment variables and in files. Whatever cannot be read is told with
 * what to do about it, and never with what it holds.
 */
import { readFileSync, statSync } from 'node:fs'
import type { Path, Problem } from './faults.ts'
import type { SecretSource } from './server-schema.ts'
import type { Sketch } from './shape.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What was found on the way. */
export type Looks = { readonly problems: Problem[]; readonly warnings: Problem[] }

/** The secret that a source names; null when there is none, and `looks` say why. `what` it is: `password`. */
export function readSecret(
  { env: variable, file }: Sketch<SecretSource>,
  what: string,
  path: Path,
  env: Environment,
  looks: Looks,
): string | null {
  const problem = (step: string, message: string, fix: string) => {
    looks.problems.push({ path: [...path, step], message, fix })
    return null
  }
  if (variable !== undefined && file === undefined) {
    const value = env[variable]
    if (value === undefined)
      return problem(
        'env',
        `the environment variable ${variable} is not set`,
        `set it to the ${what} where Postdesk is started`,
      )
    return value || problem('env', `the environment variable ${variable} is empty`, `set it to the ${what}`)
  }
  if (file === undefined || variable !== undefined) return null
  const read = readText(file)
  if (read.why)
    return problem('file', `${file} ${read.why}`, `name a file that holds only the ${what} and that Postdesk may read`)
  const value = read.text.replace(/\r?\n$/, '')
  if (value === '') return problem('file', `${file} is empty`, `write the ${what} into it`)
  if (/[\r\n\0]/.test(value))
    return problem('file', `${file} holds more than one line`, `write only the ${what} into it`)
  if (read.forEverybody) looks.warnings.push(forEverybody(file, [...path, 'file']))
  return value
}

/** The warning about a file with a secret that every user of the machine may read. */
export function forEverybody(file: string, path: Path): Problem {
  return { path, message: `${file} can be read by everybody on this machine`, fix: `chmod 600 ${file}` }
}

/** The certificate authority in a PEM file. */
export function readAuthority(file: string, path: Path, looks: Looks): string | null {
  const read = readText(file)
  const why = read.why ?? (read.text.includes('-----BEGIN CERTIFICATE-----') ? null : 'holds no certificate')
  if (why === null) return read.text
  looks.problems.push({ path, message: `${file} ${why}`, fix: 'name a PEM file with the certificate authority' })
  return null
}

type Read = { readonly text: string; readonly forEverybody: boolean; readonly why: string | null }

// A bundle of every public authority has 200 kB.
const LARGEST = 1_000_000

/** The text of a small file, or why it cannot be had, to follow its name. */
export function readText(file: string): Read {
  try {
    const stat = statSync(file)
    if (stat.isDirectory()) return { text: '', forEverybody: false, why: 'is a folder' }
    const readable = stat.isFile() || stat.isFIFO()
    if (!readable || stat.size > LARGEST) return { text: '', forEverybody: false, why: 'is no file of less than 1 MB' }
    return { text: readFileSync(file, 'utf8'), forEverybody: (stat.mode & 0o004) !== 0, why: null }
  } catch (error) {
    return { text: '', forEverybody: false, why: whyUnreadable(error) }
  }
}

/** What the system's error code means, to follow the name of a file. */
export function whyUnreadable(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user'
  return `cannot be read (${code ?? 'unknown reason'})`
}
