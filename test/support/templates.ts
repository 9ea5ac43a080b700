import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TemplateFile, templateFile } from '../../src/desk/template.ts'

const FOLDER = join(import.meta.dirname, '../../config/templates')

/** The templates that Postdesk ships. */
export function shippedTemplates(): TemplateFile[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.liquid'))
    .sort()
    .map(path => {
      const file = templateFile(path, readFileSync(join(FOLDER, path), 'utf8'))
      if (!file) throw new Error(`${path} is not named as a template is`)
      return file
    })
}
