import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Answer } from './api.ts'

/*
 * The OpenAPI document of the API, and whether an answer is as it says.
 */

type Documented = {
  operationId: string
  'x-role'?: string
  summary: string
  tags: string[]
  security?: unknown[]
  parameters?: { name: string; in: string; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}
export type Operation = Documented & { path: string; method: string }
export type Document = {
  openapi: string
  paths: Record<string, Record<string, Documented>>
  components: { schemas: Record<string, object> }
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  )
}

/** Gives a check that throws when the status of an answer is not documented, or its body is not as documented. */
export function validatorFor(document: Document): (operation: Operation, answer: Answer) => void {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, schemas: [{ ...document, $id: 'doc' }] })
  const compiled = new Map<string, ReturnType<Ajv2020['compile']>>()
  const validator = (schema: string) => {
    const known = compiled.get(schema) ?? ajv.compile(JSON.parse(schema.replaceAll('"#/', '"doc#/')))
    compiled.set(schema, known)
    return known
  }
  return ({ path, method, responses }, answer) => {
    const what = `${method} ${path} ${answer.status}`
    const response = responses[answer.status]
    if (!response) throw new Error(`${what} is not documented: ${JSON.stringify(answer.body)}`)
    const type = String(answer.headers['content-type']).split(';')[0] ?? ''
    if (answer.headers['content-disposition']) return
    const media = response.content?.[type]
    if (!media) throw new Error(`${what} is ${type}, documented is ${Object.keys(response.content ?? {})}`)
    const validate = validator(JSON.stringify(media.schema))
    if (!validate(answer.body))
      throw new Error(`${what}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(answer.body)}`)
  }
}
