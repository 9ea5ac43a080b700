/*
 * A desk in which anything may happen. An act is a kind and three numbers, which pick among what there is at that moment: so
 * any row of acts can be played, and a shorter one as well.
 */
import type { Policy } from '../../src/desk/policy.ts'
import { HOUR, MINUTE } from '../../src/instant.ts'
import { openCrew } from './crew.ts'
import { agent, team } from './policy.ts'
import { withSubaddresses } from './stage.ts'
import { tempDir } from './temp-dir.ts'
import { handActs } from './world-hands.ts'
import { pastActs } from './world-past.ts'
import { agentActs, mailActs } from './world-people.ts'
import { BLOCKED, createScene, domainOf, type Scene } from './world-scene.ts'
import { timeActs } from './world-time.ts'

export const ACTS = [
  ...(['writes', 'replies', 'machine', 'again', 'agentReplies', 'agentWrites', 'forges', 'edits', 'says'] as const),
  ...(['merges', 'splits', 'accepts', 'releases', 'replays', 'retries', 'rates', 'waits', 'sends', 'crew'] as const),
  ...(['writesInMailbox', 'repliesToLost', 'imports', 'oldArrives', 'writesToBoth'] as const),
  ...(['restarts', 'dies', 'clock', 'renumbers', 'backsUp', 'restores'] as const),
]
/** `lag`: the dispatcher does not look before the next one. */
export type Act = { readonly kind: (typeof ACTS)[number]; readonly a: number; readonly b: number; readonly c: number }
export type Played = Act & { readonly lag: boolean }

export type World = AsyncDisposable & {
  readonly scene: Scene
  /** What was known of the tickets after the last act; a backup that is put back takes it back too. */
  readonly seen: Map<string, unknown>
  play(act: Played): Promise<void>
}

/** Each bit of `variant` is a setting. */
function rulesOf(variant: number): Partial<Policy> {
  const is = (bit: number) => (variant & bit) !== 0
  return {
    ...(is(1) ? withSubaddresses() : {}),
    mx: { servIds: new Set(['mx.example.org']), sealers: new Set() },
    agents: [
      agent('ana', { teams: ['it', 'support'], receipts: is(2) ? 'always' : 'risky' }),
      agent('ben', { teams: ['it', 'support'], digest: is(4) ? ['17:00'] : [] }),
    ],
    teams: new Map([
      ['it', { ...team('it'), assign: is(8) ? 'round-robin' : 'manual', returnAfterMs: 4 * HOUR }],
      ['support', team('support')],
    ]),
    survey: { ask: true, anonymous: is(16), publicUrl: 'https://help.example.org' },
    senders: { allow: new Set(), block: new Set([domainOf(BLOCKED)]) },
  }
}

export async function openWorld(variant: number): Promise<World> {
  const folder = await tempDir('world')
  const file = `${folder.path}/desk.sqlite`
  const rules = rulesOf(variant)
  const scene: Scene = createScene(
    await openCrew(rules, { file, now: '2026-11-23T09:00:00.000Z' }),
    (variant & 32) !== 0,
  )
  const seen = new Map<string, unknown>()
  const open = () => openCrew(rules, { file, now: scene.crew.now })
  const ofTime = timeActs(scene, open, seen)
  const acts: Record<Act['kind'], (a: number, b: number, c: number) => Promise<unknown>> = Object.assign(
    mailActs(scene),
    Object.assign(agentActs(scene), handActs(scene), pastActs(scene), ofTime),
  )
  await scene.look()

  return {
    ...{ scene, seen },
    async play({ kind, a, b, c, lag }) {
      scene.crew.passes(MINUTE / 2)
      await acts[kind](a, b, c)
      if (lag) return
      await scene.crew.settle()
      if (c % 4) await scene.send()
      await scene.look()
      await scene.crew.settle()
      const complaints = [...scene.crew.lines(), ...scene.lines()].filter(one => Number(one['level']) >= 50)
      scene.faults.push(...complaints.map(one => JSON.stringify(one)))
    },
    async [Symbol.asyncDispose]() {
      await scene.crew[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
