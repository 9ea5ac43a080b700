import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type TemplateFile, templateFile } from '../desk/template.ts'
import type { Fault, Problem } from './faults.ts'
import { whyUnreadable } from './secret-files.ts'

const SHIPPED = fileURLToPath(new URL('../../config/templates', import.meta.url))

type Templates = {
  readonly files: readonly TemplateFile[]
  /** Concerning the folder that the configuration names. */
  readonly problems: readonly Problem[]
  /** Concerning files in it. */
  readonly faults: readonly Fault[]
  readonly warnings: readonly Fault[]
}

/** The shipped templates, each replaced by the one of the same name in `folder` when there is one. */
export function readTemplates(folder: string | null): Templates {
  const shipped = readFolder(SHIPPED)
  if (folder === null) return { files: shipped.files, problems: [], faults: shipped.faults, warnings: [] }
  try {
    const own = readFolder(folder)
    const names = new Map(own.files.map(file => [keyOf(file), file]))
    const kept = shipped.files.filter(file => !names.has(keyOf(file)))
    const warnings = own.files
      .filter(file => file.part === 'text' && kept.some(other => other.part === 'html' && sameMail(other, file)))
      .map(file =>
        fileFault(
          file.path,
          'the text is yours, but the HTML beside it is still the shipped one',
          `add ${file.name}.html.liquid; an empty one sends no HTML`,
        ),
      )
    return { files: [...kept, ...own.files], problems: [], faults: [...shipped.faults, ...own.faults], warnings }
  } catch (error) {
    const message = `${folder} ${(error as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'is no folder' : whyUnreadable(error)}`
    const problem = {
      path: ['templates'],
      message,
      fix: 'name a folder with files such as en/acknowledgement.txt.liquid',
    }
    return { files: shipped.files, problems: [problem], faults: shipped.faults, warnings: [] }
  }
}

function readFolder(folder: string): { files: TemplateFile[]; faults: Fault[] } {
  const files: TemplateFile[] = []
  const faults: Fault[] = []
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.liquid')) continue
    const path = join(folder, name)
    const file = templateFile(name, readFileSync(path, 'utf8'))
    if (file) files.push({ ...file, path })
    else
      faults.push(
        fileFault(
          path,
          'no template is called so',
          'name it like en/acknowledgement.txt.liquid: language, mail, and subject, txt or html',
        ),
      )
  }
  return { files, faults }
}

function fileFault(file: string, message: string, fix: string): Fault {
  return { file, line: 1, column: 1, path: '', message, fix }
}

function keyOf({ language, name, part }: TemplateFile): string {
  return `${language}/${name}.${part}`
}

function sameMail(one: TemplateFile, other: TemplateFile): boolean {
  return one.language === other.language && one.name === other.name
}
