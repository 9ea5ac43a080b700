/*
 * What plays the scenarios: the built program, or the same service inside this process.
 */
import { type Desk, type DeskOptions, startDeskWith } from '../support/desk.ts'
import { startAppService } from '../support/in-process.ts'
import { type ServiceApi, startService } from '../support/service.ts'
import type { DeskSetup } from '../support/setup.ts'

/** A service whose clock can be put ahead of the machine's (ms). */
type Running = ServiceApi & AsyncDisposable & { setAhead(ms: number): Promise<unknown> }

export type ProgramDesk = Desk<Running>
export type Program = (options: DeskOptions) => Promise<ProgramDesk>

/** `dist/main.js serve`, a process for each desk. */
export const builtProgram: Program = options => startDeskWith(builtService, 'Hoodiecrow', options)

/** Seconds sooner, and the same but for the process. */
export const inThisProcess: Program = options => startDeskWith(appService, 'Hoodiecrow', options)

async function builtService(setup: DeskSetup): Promise<Running> {
  const service = await startService(setup)
  const setAhead = async (ms: number) => {
    await service.stop()
    await service.start({ NODE_OPTIONS: clockAhead(ms) })
  }
  return Object.assign(service, { setAhead })
}

async function appService(setup: DeskSetup): Promise<Running> {
  const service = await startAppService(setup)
  const setAhead = async (ms: number) => {
    service.aheadMs = ms
  }
  return Object.assign(service, { setAhead })
}

/** For NODE_OPTIONS: the program finds that it is that much later. */
function clockAhead(ms: number): string {
  const code = `const now = Date.now; globalThis.Date = class extends Date {
    constructor(...of) { of.length > 0 ? super(...of) : super(now() + ${ms}) }
    static now() { return now() + ${ms} } }`
  return `--import=data:text/javascript,${encodeURIComponent(code)}`
}
