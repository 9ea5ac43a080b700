import { loadConfig } from '../config/load.ts'
import { type Finding, verifyDatabase } from '../store/verify.ts'

const STEPS: Readonly<Record<string, string>> = {
  structure: 'the structure of the file',
  rules: 'what must always be true',
  mails: 'the checksum of every mail',
  search: 'the search index',
}

/** `postdesk verify [FILE]`: looks through the database, or a backup of it. Exit code 1 when something is wrong. */
export function verifyCommand(configPath: string, file: string | null, json: boolean): number {
  const path = file ?? loadConfig(configPath, process.env, { secrets: false }).config.storage.path
  const onStep = (step: string) => {
    if (process.stderr.isTTY) process.stderr.write(`looking through ${STEPS[step] ?? step} …\n`)
  }
  const { findings, rules, rows, older } = verifyDatabase(path, { deep: true, onStep })
  const ok = findings.length === 0
  if (json) process.stdout.write(`${JSON.stringify({ database: path, ok, older, rules, rows, findings })}\n`)
  else process.stdout.write(words(path, { findings, rules, rows, older }))
  return ok ? 0 : 1
}

function words(path: string, { findings, rules, rows, older }: ReturnType<typeof verifyDatabase>): string {
  const counted = `${rows['tickets'] ?? 0} tickets, ${rows['raw_mails'] ?? 0} mails, ${rows['outbox'] ?? 0} outgoing mails`
  const partly = older
    ? ' An older Postdesk wrote it, so only its structure was looked at: `postdesk migrate` first.'
    : ''
  if (findings.length === 0) return `✔ ${path}: sound (${rules} rules${older ? '' : `; ${counted}`}).${partly}\n`
  const advice =
    'Nothing was changed. Keep this file; when its structure is damaged, look at the disk and restore the newest good backup (postdesk restore).'
  return `✘ ${path}: ${findings.length} of ${rules} rules are broken.${partly}\n${findings.map(line).join('')}${advice}\n`
}

function line({ rule, rows, more }: Finding): string {
  return `  ✘ not so: ${rule}\n      ${rows.join(', ')}${more ? ', and more' : ''}\n`
}
