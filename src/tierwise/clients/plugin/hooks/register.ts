// The mod: before each model request Claude Code asks the local tierwise gateway which model and effort to use.
//
//   turn.start, skill.prompt, tool.call(Skill)  -> which skill this loop follows
//   turn.step                                   -> POST /v1/decide, then the request, changed or as it was
//   http.fetch                                  -> the decision's id as a header, so that the gateway knows the call
//
// It fails open: without a usable answer within WAIT_MS the request goes out as the client made it. It speaks to a
// gateway on this machine only; where the base URL leads elsewhere it does nothing.

import type { EngineInterface, Register, TurnStepInput } from 'claude-code'

const WAIT_MS = 300
const MAX_WORDS = 20_000
const MAX_KEPT = 256
const MAX_IDS = 64
const MAIN = ''
const LOOPBACK = /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:\/|$)/
const TYPED = /^<command-message>[^<\n]*<\/command-message>\n<command-name>\/?([^<\n]+)<\/command-name>/
const FOLDER = /^Base directory for this skill: (\S[^\n]*)/
const PRELOADED = /<command-name>\/?([^<\n]+)<\/command-name>(?:\n<command-args>[^<]*<\/command-args>)?\n<skill-format>true<\/skill-format>/g
const STEP = /^[ \t#>*_-]{0,12}step[ \t]{1,4}(\d{1,4})[*_]{0,3}[ \t]{0,4}(?:[:.)(–—]|-[ \t]|[*_]{0,3}[ \t]*$)/gim

type Skill = { name: string; frontmatter: unknown; path: string | undefined }
type Loop = {
  words: string
  skill: Skill | undefined
  withAgent: boolean // the skill came with the agent
  step: string | undefined
  begins: boolean // the skill or its step begins with the next request
}
type Agent = { type: string; cwd: string }
type Decision = {
  id: string
  model: string
  effort: string | undefined
  refusal: string | undefined
  notes: readonly string[]
}

const loops = new Map<string, Loop>() // by agent's id, MAIN for the main loop
const expanded = new Map<string, Skill>() // by name, as last expanded
const agents = new Map<string, Agent>() // by id
const asked = new Map<string, string>() // by loop: the decision whose request is under way
const shown = new Set<string>() // offers that the person has been shown

export const register: Register = on => {
  on('turn.start', ($, e, next) => {
    const folder = FOLDER.exec(e.text)?.[1]?.trim()
    const typed = TYPED.exec(e.text)?.[1]
    const skill = e.agentId === undefined ? named(typed) : folder === undefined ? undefined : livingIn(folder)
    const words = e.agentId === undefined ? e.text.slice(0, MAX_WORDS) : ''
    keep(loops, e.agentId ?? MAIN, { words, skill, withAgent: false, step: undefined, begins: skill !== undefined })
    return next(e)
  })

  on('turn.complete', ($, e, next) => {
    loops.delete(e.agentId ?? MAIN)
    if (e.agentId !== undefined) agents.delete(e.agentId)
    return next(e)
  })

  on('skill.prompt', ($, e, next) => {
    keep(expanded, e.skill, { name: e.skill, frontmatter: e.frontmatter, path: e.path })
    return next(e)
  })

  on('tool.call', { tool: 'Skill' }, async ($, e, next) => {
    const answer = await next(e)
    const loop = loops.get(e.agentId ?? MAIN)
    const launched = launchedBy(answer)
    if (loop !== undefined && launched !== undefined) {
      loop.skill = named(launched)
      loop.withAgent = false
      loop.step = undefined
      loop.begins = true
    }
    return answer
  })

  on('classic.SubagentStart', ($, e, next) => {
    keep(agents, e.agent_id, { type: e.agent_type, cwd: e.cwd })
    return next(e)
  })

  on('turn.step', async function* ($, e, next) {
    const at = e.agentId ?? MAIN
    const decision = await decided($, e)
    if (decision?.refusal !== undefined) {
      yield { kind: 'text', index: 0, text: decision.refusal }
      yield { kind: 'stop', stopReason: 'end_turn', usage: null }
      return { turnId: e.turnId, index: e.index, answer: decision.refusal, toolUses: [], stopReason: 'end_turn', usage: null }
    }
    if (decision !== undefined) follow(at, decision)
    try {
      const result = yield* next(decision === undefined ? e : changed(e, decision))
      hear(at, result.answer)
      return result
    } finally {
      asked.delete(at)
    }
  })

  on('http.fetch', ($, e, next) => {
    if (next.origin.plugin !== 'engine' || asked.size === 0 || !LOOPBACK.test(e.url)) return next(e)
    const ids = e.url.includes('/v1/messages') ? idsFor(e.init?.headers ?? {}) : ''
    if (ids === '') return next(e)
    return next({ ...e, init: { ...e.init, headers: { ...e.init?.headers, 'x-tierwise-decision': ids } } })
  })
}

/** The gateway's decision on one request; undefined where it gives none in time. */
async function decided($: EngineInterface, e: TurnStepInput): Promise<Decision | undefined> {
  const stop = new AbortController()
  try {
    const late = $.clock.sleep(WAIT_MS, { signal: stop.signal }).then(() => undefined)
    const answer = answered($, e)
    late.catch(() => undefined)
    answer.catch(() => undefined)
    const decision = await Promise.race([answer, late])
    for (const note of decision?.notes ?? []) $.ui.log(note)
    return decision
  } catch {
    return undefined
  } finally {
    stop.abort()
  }
}

async function answered($: EngineInterface, e: TurnStepInput): Promise<Decision | undefined> {
  const at = e.agentId ?? MAIN
  const first = e.index === 0 ? findPreloaded($, e.agentId).catch(() => undefined) : undefined
  const [base, session] = await Promise.all([gateway($), $.session.id(), first])
  if (base === undefined) return undefined
  const loop = loops.get(at)
  const response = await $.http.fetch(`${base}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      session,
      model: e.model,
      effort: typeof e.effort === 'string' ? e.effort : undefined,
      turn: e.turnId,
      index: e.index,
      agent: e.agentId === undefined ? undefined : { id: e.agentId, ...agents.get(e.agentId) },
      skill: loop?.skill?.name,
      frontmatter: loop?.skill?.frontmatter,
      skill_path: loop?.skill?.path,
      with_agent: loop?.withAgent,
      begins: loop?.begins,
      step: loop?.step,
      words: loop?.words,
    }),
  })
  return response.ok ? read(response.text, e) : undefined
}

/** The gateway's address, with the project that it is tagged with; undefined where it is not on this machine. */
async function gateway($: EngineInterface): Promise<string | undefined> {
  const [own, general] = await Promise.all([$.env.get('TIERWISE_URL'), $.env.get('ANTHROPIC_BASE_URL')])
  const base = own === undefined || own === '' ? general : own
  return base !== undefined && LOOPBACK.test(base) ? base.replace(/\/+$/, '') : undefined
}

/** The answer, if it is one. */
function read(text: string, e: TurnStepInput): Decision | undefined {
  const said = JSON.parse(text)
  if (typeof said?.id !== 'string' || !/^[\w-]{1,64}$/.test(said.id)) return undefined
  if (typeof said.model !== 'string' || said.model.trim() === '') return undefined
  const refusal = typeof said.refuse?.message === 'string' ? said.refuse.message : undefined
  const effort = EFFORTS.includes(said.effort) ? said.effort : undefined
  return { id: said.id, model: said.model, effort, refusal, notes: refusal === undefined ? notesOf(said) : [] }
}

const EFFORTS: readonly unknown[] = ['low', 'medium', 'high', 'xhigh', 'max']

function notesOf(said: { notify?: unknown; offer?: { id?: unknown; text?: unknown } | null }): string[] {
  const notes = typeof said.notify === 'string' ? [`tierwise: ${said.notify}`] : []
  const { id, text } = said.offer ?? {}
  if (typeof id === 'string' && typeof text === 'string' && !shown.has(id)) {
    if (shown.size < MAX_KEPT) shown.add(id)
    notes.push(`tierwise: ${text}`)
  }
  return notes
}

/** The request as decided; the very same object where nothing changes. */
function changed(e: TurnStepInput, decision: Decision): TurnStepInput {
  const effort = decision.effort === undefined ? e.effort : (decision.effort as TurnStepInput['effort'])
  if (decision.model === e.model && effort === e.effort) return e
  return effort === undefined ? { ...e, model: decision.model } : { ...e, model: decision.model, effort }
}

/** The request that goes out now follows the decision; what began has begun. */
function follow(at: string, decision: Decision): void {
  keep(asked, at, decision.id)
  const loop = loops.get(at)
  if (loop !== undefined) loop.begins = false
}

/** A step that the answer says it begins holds from the next request on. */
function hear(at: string, answer: string): void {
  const loop = loops.get(at)
  const step = [...answer.matchAll(STEP)].at(-1)?.[1]
  if (loop?.skill === undefined || step === undefined || step === loop.step) return
  loop.step = step
  loop.begins = true
}

/** The one skill that came with the agent: it stands in its first messages. Of several none is in use. */
async function findPreloaded($: EngineInterface, agentId: string | undefined): Promise<void> {
  if (agentId === undefined || expanded.size === 0) return
  const loop = loops.get(agentId)
  if (loop === undefined || loop.skill !== undefined) return
  const found = await $.session.messages({ agentId, as: 'api', last: 20 })
  if (!Array.isArray(found)) return
  const names = new Set([...JSON.stringify(found).replaceAll('\\n', '\n').matchAll(PRELOADED)].map(match => match[1]))
  const [name] = names
  if (names.size !== 1 || name === undefined) return
  loop.skill = named(name)
  loop.withAgent = loop.skill !== undefined
  loop.begins = loop.withAgent
}

function named(name: string | undefined): Skill | undefined {
  if (name === undefined) return undefined
  const word = name.replace(/^\//, '')
  return expanded.get(word) ?? [...expanded.values()].reverse().find(skill => skill.name.endsWith(`:${word}`))
}

function livingIn(folder: string): Skill | undefined {
  return [...expanded.values()].reverse().find(skill => skill.path?.replace(/[\\/][^\\/]*$/, '') === folder)
}

/** The skill that a call of the Skill tool put into its own loop; undefined where it failed, or forked. */
function launchedBy(answer: { result?: unknown }): string | undefined {
  const { commandName, status } = (answer.result ?? {}) as { commandName?: unknown; status?: unknown }
  return typeof commandName === 'string' && status !== 'forked' ? commandName : undefined
}

/** The decisions that a request can be about: the main loop's, or those of the agents; the gateway knows which. */
function idsFor(headers: Record<string, string>): string {
  const main = asked.get(MAIN)
  if (main !== undefined && !('x-claude-code-agent-id' in headers)) return main
  const others = [...asked].filter(([at]) => at !== MAIN).map(([, id]) => id)
  return others.slice(-MAX_IDS).join(',')
}

/** Keep the newest MAX_KEPT. */
function keep<V>(kept: Map<string, V>, key: string, value: V): void {
  kept.delete(key)
  kept.set(key, value)
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_KEPT) return
    kept.delete(oldest)
  }
}
