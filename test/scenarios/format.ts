/*
 * The files: what a scenario may say. README.md tells what it means.
 */
import { readFileSync } from 'node:fs'

export type Step =
  | {
      readonly dir: 'in'
      readonly id: string
      readonly from: string | null
      readonly to: string
      readonly subject: string | null
      readonly headers: Readonly<Record<string, string | readonly string[] | null>>
      readonly body: string
    }
  | {
      readonly dir: 'out'
      readonly id: string
      readonly replyTo: string
      readonly body: string
      readonly solve?: boolean
    }
  | { readonly dir: 'close'; readonly ticketOf: string }
  | { readonly dir: 'later'; readonly days: number }

export type Scenario = {
  readonly id: string
  /** Why it cannot be played; null when it can. */
  readonly fault: string | null
  readonly steps: readonly Step[]
  readonly expectTickets: readonly (readonly string[])[] | null
  readonly forbidden: readonly (readonly string[])[]
  readonly mustKeep: readonly string[]
  readonly maxAutoReplies: number | null
  readonly security: boolean
  readonly soft: boolean
  readonly pending: readonly string[]
  /** By step: how its ticket stands in the end. */
  readonly status: Readonly<Record<string, string>>
}

type Given = Partial<Omit<Scenario, 'steps' | 'fault'>> & {
  readonly id: string
  readonly steps: readonly Partial<Step>[]
}

/** The scenarios of a file, what they leave out filled in. Throws when it is no such file. */
export function readScenarios(path: string): Scenario[] {
  const given = JSON.parse(readFileSync(path, 'utf8')) as readonly Given[]
  if (!Array.isArray(given) || given.length === 0) throw new Error(`${path} holds no scenarios`)
  return given.map(scenarioOf)
}

function scenarioOf({ id, ...given }: Given): Scenario {
  const steps = given.steps.map(step => ({ ...IN, ...step }) as Step)
  const scenario = {
    id,
    steps,
    expectTickets: given.expectTickets ?? null,
    forbidden: given.forbidden ?? [],
    mustKeep: given.mustKeep ?? [],
    maxAutoReplies: given.maxAutoReplies ?? null,
    security: given.security ?? false,
    soft: given.soft ?? false,
    pending: given.pending ?? [],
    status: given.status ?? {},
  }
  const { expectTickets, forbidden, mustKeep, pending, status } = scenario
  const known = new Set(steps.map(idOf))
  const named = [(expectTickets ?? []).flat(), forbidden.flat(), mustKeep, pending, Object.keys(status)].flat()
  const unknown = [
    ...named.filter(one => !known.has(one)).map(one => `there is no step ${one}`),
    ...steps.flatMap(unplayable),
  ]
  return { ...scenario, fault: unknown.length > 0 ? unknown.join('; ') : null }
}

const IN = { from: null, subject: null, headers: {}, body: '' }

function unplayable(step: Step): string[] {
  const complete =
    (step.dir === 'in' && step.id && step.to) ||
    (step.dir === 'out' && step.id && step.replyTo) ||
    (step.dir === 'close' && step.ticketOf) ||
    (step.dir === 'later' && step.days > 0)
  return complete ? [] : [`this step cannot be played: ${JSON.stringify(step)}`]
}

export function idOf(step: Step): string | null {
  return step.dir === 'in' || step.dir === 'out' ? step.id : null
}

/** Of the headers that a step gives itself; undefined when it gives no such header. */
export function headerOf(step: Step & { dir: 'in' }, name: string): string | readonly string[] | null | undefined {
  return Object.entries(step.headers).find(([key]) => key.toLowerCase() === name)?.[1]
}
