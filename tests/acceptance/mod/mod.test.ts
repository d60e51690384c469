// The mod by itself, under the client's own kit for testing mods: no network, no session, no model.

import type { On } from 'claude-code'
import { expect, test } from 'claude-code/testing'

const OPUS = 'claude-opus-5-5'
const HAIKU = 'claude-haiku-5-5'
const TYPED = '<command-message>stepper</command-message>\n<command-name>/stepper</command-name>'
const SKILL = { skill: 'stepper', text: 'x', frontmatter: { name: 'stepper' }, path: '/s/stepper/SKILL.md' }

type World = { asked: any[]; requests: any[]; notes: string[]; answers: string[]; gateway: (question: any) => unknown; late: boolean }

/** The world beneath the mod: a gateway, a model that says what it is told to, and a clock. */
function world(on: On, given: Partial<World> = {}, env: Record<string, string> = { TIERWISE_URL: 'http://127.0.0.1:8787' }): World {
  const made: World = { asked: [], requests: [], notes: [], answers: [], gateway: () => ({ id: 'd1', model: OPUS }), late: false, ...given }
  on('env.get', ($, e) => ({ value: env[e.name] }))
  on('session.id', () => ({ value: 's1' }))
  on('clock.sleep', () => (made.late ? { value: undefined } : new Promise<never>(() => undefined)))
  on('ui.log', ($, e) => {
    made.notes.push(e.text)
    return { value: undefined }
  })
  on('http.fetch', ($, e) => {
    if (made.late) return new Promise<never>(() => undefined)
    const question = JSON.parse(String(e.init?.body))
    made.asked.push({ url: e.url, ...question })
    const answer = made.gateway(question)
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
    return { value: { status: 200, ok: true, headers: {}, text } }
  })
  on('skill.prompt', ($, e) => ({ text: e.text }))
  on('turn.start', ($, e) => ({ turnId: e.turnId }))
  on('turn.complete', ($, e) => ({ text: e.answer }))
  on('turn.step', async function* ($, e) {
    made.requests.push(e)
    const answer = made.answers[e.index] ?? ''
    yield { kind: 'text', index: 0, text: answer }
    return { turnId: e.turnId, index: e.index, answer, toolUses: [], stopReason: 'end_turn', usage: null }
  })
  return made
}

async function step($: any, index: number, more: object = {}): Promise<{ text: string; answer: string }> {
  const stream = $.turn.step({ turnId: 't', index, model: OPUS, effort: 'medium', messageCount: 1, ...more })
  let text = ''
  for (;;) {
    const { done, value } = await stream.next()
    if (done) return { text, answer: value.answer }
    if (value.kind === 'text') text += value.text
  }
}

async function typed($: any): Promise<void> {
  await $.skill.prompt(SKILL)
  await $.turn.start({ text: TYPED, turnId: 't' })
}

const ANNOUNCED: [string, string | undefined][] = [
  ['Step 2: Find what is wrong.', '2'],
  ['**Step 2: Find what is wrong.**', '2'],
  ['**Step 2** - Find', '2'],
  ['__Step 2__: Find', '2'],
  ['## Step 2', '2'],
  ['  ## Step 2 — Find', '2'],
  ['> step 2 (sonnet)', '2'],
  ['- STEP 12.', '12'],
  ['Reading.\n\nStep 1: Scan\nDone.\nStep 2: Find', '2'],
  ['Step 2 is done.', undefined],
  ['Now to step 2: find it', undefined],
  ['Step two: find it', undefined],
  ['Steps 2: find it', undefined],
  ['Step 20000: too many', undefined],
  ['-'.repeat(100_000), undefined],
  ['-> '.repeat(50_000), undefined],
  ['step '.repeat(50_000), undefined],
  ['step 1' + ' '.repeat(50_000) + 'x', undefined],
]

for (const [answer, expected] of ANNOUNCED) {
  test(`announced: ${answer.slice(0, 40)}`, async ($, on) => {
    const made = world(on, { answers: [answer] })
    await typed($)
    await step($, 0)
    await step($, 1)
    expect(made.asked.map(question => [question.skill, question.step, question.begins])).toEqual([
      ['stepper', undefined, true],
      ['stepper', expected, expected !== undefined],
    ])
  })
}

test('nothing is announced where no skill is in use', async ($, on) => {
  const made = world(on, { answers: ['Step 1: Scan.'] })
  await $.turn.start({ text: 'Hello.', turnId: 't' })
  await step($, 0)
  await step($, 1)
  expect(made.asked.map(question => question.step)).toEqual([undefined, undefined])
})

test('the decided model and effort are asked for, and nothing else is touched', async ($, on) => {
  const made = world(on, { gateway: () => ({ id: 'd1', model: HAIKU, effort: 'low' }) })
  await $.turn.start({ text: 'Hello.', turnId: 't' })
  await step($, 0)
  expect(made.requests).toEqual([{ turnId: 't', index: 0, model: HAIKU, effort: 'low', messageCount: 1 }])
  expect(made.asked[0].words).toBe('Hello.')
})

test('a refusal stands in for the answer, and no request is made', async ($, on) => {
  const made = world(on, { gateway: () => ({ id: 'd1', model: OPUS, refuse: { message: 'spent' }, notify: 'x' }) })
  await $.turn.start({ text: 'Hello.', turnId: 't' })
  expect(await step($, 0)).toEqual({ text: 'spent', answer: 'spent' })
  expect([made.requests, made.notes]).toEqual([[], []])
})

test('notices are shown as they come, an offer once', async ($, on) => {
  const made = world(on, { gateway: () => ({ id: 'd1', model: OPUS, notify: 'yellow', offer: { id: 'o1', text: 'lower?' } }) })
  await $.turn.start({ text: 'Hello.', turnId: 't' })
  await step($, 0)
  await step($, 1)
  expect(made.notes).toEqual(['tierwise: yellow', 'tierwise: lower?', 'tierwise: yellow'])
})

const GARBAGE = [
  '', 'null', '[]', '5', '"x"', '{}', '{"id": 5}', '{"id": "a b", "model": "opus"}', '{"id": "a"}', '{"id": "a", "model": ""}',
  '{"id": "a", "model": ["opus"]}', '{"id": "a", "model": "  "}', '{"id": "a\\nx-evil: 1", "model": "opus"}',
]

for (const answer of GARBAGE) {
  test(`garbage changes nothing: ${answer}`, async ($, on) => {
    const made = world(on, { gateway: () => answer })
    await $.turn.start({ text: 'Hello.', turnId: 't' })
    await step($, 0)
    expect(made.requests.map(request => [request.model, request.effort])).toEqual([[OPUS, 'medium']])
  })
}

test('an effort that is none is left out', async ($, on) => {
  const made = world(on, { gateway: () => ({ id: 'd1', model: HAIKU, effort: 'enormous', notify: 7, offer: 'x' }) })
  await $.turn.start({ text: 'Hello.', turnId: 't' })
  await step($, 0)
  expect([made.requests[0].model, made.requests[0].effort, made.notes]).toEqual([HAIKU, 'medium', []])
})

test('a gateway that does not answer in time is not waited for, and what begins goes on beginning', async ($, on) => {
  const made = world(on, { late: true })
  await typed($)
  await step($, 0)
  made.late = false
  await step($, 1)
  await step($, 2)
  expect(made.requests.map(request => request.model)).toEqual([OPUS, OPUS, OPUS])
  expect(made.asked.map(question => [question.index, question.begins])).toEqual([[1, true], [2, false]])
})

for (const [url, asks] of [
  ['http://127.0.0.1:8787', true],
  ['http://localhost:8787/p/shop/', true],
  ['http://[::1]:8787', true],
  ['https://api.anthropic.com', false],
  ['http://127.0.0.1.evil.example:80', false],
  ['http://localhost@evil.example/', false],
  ['file:///127.0.0.1', false],
  ['', false],
] as const) {
  test(`the gateway is asked only on this machine: ${url}`, async ($, on) => {
    const made = world(on, {}, { ANTHROPIC_BASE_URL: url })
    await $.turn.start({ text: 'Hello.', turnId: 't' })
    await step($, 0)
    expect(made.asked.map(question => question.url)).toEqual(asks ? [`${url.replace(/\/$/, '')}/v1/decide`] : [])
  })
}

test('its own address is stronger than the base URL', async ($, on) => {
  const made = world(on, {}, { TIERWISE_URL: 'http://127.0.0.1:1', ANTHROPIC_BASE_URL: 'http://127.0.0.1:2' })
  await $.turn.start({ text: 'Hello.', turnId: 't' })
  await step($, 0)
  expect(made.asked[0].url).toBe('http://127.0.0.1:1/v1/decide')
})

test('a skill ends with the turn, a fork with its own loop', async ($, on) => {
  const made = world(on)
  await typed($)
  await step($, 0)
  await $.turn.start({ text: 'Base directory for this skill: /s/stepper\n\n# Body', turnId: 'f', agentId: 'a1' })
  await step($, 0, { turnId: 'f', agentId: 'a1' })
  await $.turn.complete({ answer: '', durationMs: 1, isAborted: false, turnId: 'f', agentId: 'a1', reason: 'answer' })
  await $.turn.start({ text: 'thanks', turnId: 't2' })
  await step($, 0, { turnId: 't2' })
  expect(made.asked.map(question => [question.agent?.id, question.skill])).toEqual([
    [undefined, 'stepper'],
    ['a1', 'stepper'],
    [undefined, undefined],
  ])
})
