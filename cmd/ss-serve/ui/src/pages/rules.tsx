import { useEffect, useState } from 'preact/hooks'
import { get, may, me, Problem, send } from '../api'
import { useData, useList } from '../data'
import { useDraft } from '../draft'
import { amount, count, percent, words } from '../format'
import { useHeading } from '../frame'
import { listen } from '../live'
import { Dialog, Drawer } from '../parts/dialog'
import { Choice, Field, Form } from '../parts/form'
import { ActionTag } from '../parts/level'
import { Empty, Fault, Skeleton } from '../parts/states'
import { toast } from '../parts/toast'
import { When } from '../parts/when'
import type { Body, Path, Schema } from '../contract'
import { filter, query } from '../router'

type Rule = Schema<'Rule'>
type RuleSet = Schema<'RuleSet'>
type Review = Schema<'RuleReview'>
type Job = Schema<'Job'>

function Notes({ review }: { review: Review | null }) {
  if (!review) return <Skeleton lines={2} />
  const failures = review.tests?.failures ?? []
  return (
    <ul class="lines small" aria-label="What the check found">
      {[...review.errors, ...failures].map((n, i) => <li key={i} class="bad">Line {n.line}: {n.detail}{n.hint && <span class="quiet"> ({n.hint})</span>}</li>)}
      {review.warnings.map((n, i) => <li key={`w${i}`} class="quiet">Line {n.line}: {n.detail}{n.hint && ` (${n.hint})`}</li>)}
      {review.ok && <li class="good">{count(review.rules?.length)} {review.rules?.length === 1 ? 'rule' : 'rules'}, {count(review.tests?.passed)} tests passed</li>}
    </ul>
  )
}

/** What the rules in force come to, and what they would with the change. */
function Figures({ old, then }: { old: any; then: any }) {
  const shown = (k: string, v: number | null) => (v === null ? '–' : /rate|precision|recall/.test(k) ? percent(v, 2) : count(v))
  return (
    <table class="table" style={{ marginBottom: '14px' }}>
      <caption class="visually-hidden">All payments together</caption>
      <thead><tr><th scope="col"><span class="visually-hidden">Figure</span></th><th scope="col" class="number">Now</th><th scope="col" class="number">Then</th></tr></thead>
      <tbody>
        {['alerts', 'alert_rate', 'blocked', 'precision', 'recall'].filter((k) => then?.[k] !== undefined).map((k) => (
          <tr key={k}>
            <th scope="row">{words(k)}</th>
            <td class="number quiet">{shown(k, old?.[k] ?? null)}</td>
            <td class="number">{old?.[k] === then[k] ? shown(k, then[k]) : <b>{shown(k, then[k])}</b>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Backtest({ text }: { text: () => Promise<string> }) {
  const [job, set] = useState<Job | null>(null)
  const [fault, setFault] = useState<Problem | null>(null)
  const start = () => { setFault(null); text().then((all) => send('POST', 'backtests', { text: all, baseline: 'current' })).then(set, setFault) }
  useEffect(() => {
    if (!job || ['done', 'failed', 'cancelled', 'interrupted'].includes(job.status)) return
    const look = () => get(`jobs/${job.id}`).then(set, setFault)
    const timer = setInterval(look, 700)
    const stop = listen('jobs', look)
    return () => {
      clearInterval(timer)
      stop()
    }
  }, [job?.id, job?.status])
  const r = job?.result
  return (
    <section class="section">
      <h2>What it would have done</h2>
      <p class="row">
        <button type="button" class="button" onClick={start}>Run over the stored payments</button>
        {job && !r && !job.error && <progress max={1} value={job.progress} aria-label="Progress" />}
        {job && !r && !job.error && <button type="button" class="button plain" onClick={() => send('DELETE', `jobs/${job.id}`).then(() => set(null))}>Stop</button>}
      </p>
      <Fault fault={fault} />
      {job?.error && <p class="bad">{job.error}</p>}
      {r && (
        <>
          <p class="quiet" style={{ margin: '10px 0 6px' }}>{count(r.records)} payments, by the rules in force and with this change:</p>
          <Figures old={r.old} then={r.new} />
          <table class="table">
            <caption class="visually-hidden">Payments decided otherwise</caption>
            <thead><tr><th scope="col">Now</th><th scope="col">Then</th><th scope="col">Known as</th><th scope="col" class="number">Payments</th><th scope="col" class="number">Money</th></tr></thead>
            <tbody>
              {(r.actions ?? []).filter((a: any) => a.old !== a.new).map((a: any, i: number) => (
                <tr key={i}><td><ActionTag action={a.old} /></td><td><ActionTag action={a.new} /></td><td>{a.label}</td><td class="number">{count(a.records)}</td><td class="number">{amount(a.amount)}</td></tr>
              ))}
              {!(r.actions ?? []).some((a: any) => a.old !== a.new) && <tr><td colSpan={5} class="quiet">No payment would have been decided otherwise.</td></tr>}
            </tbody>
          </table>
        </>
      )}
    </section>
  )
}

function Try({ text }: { text: string }) {
  const [record, set] = useState('')
  const [answer, setAnswer] = useState<any>(null)
  const [fault, setFault] = useState<Problem | null>(null)
  const fetchOne = () => get('payments', { limit: 1, level: 'HIGH,CRITICAL' }).then(async (p) => p.items[0] && set(JSON.stringify(await get(`payments/${encodeURIComponent(p.items[0].txn_id)}/record`), null, 1)), setFault)
  const run = () => {
    setFault(null)
    let parsed
    try {
      parsed = JSON.parse(record)
    } catch (f) {
      return setFault(new Problem(0, '', `The record is no JSON: ${(f as Error).message}`))
    }
    void send('POST', 'rule-sets/test', { text, records: [parsed], explain: true }).then((a) => setAnswer(a.items[0]), setFault)
  }
  return (
    <section class="section">
      <h2>Try it on a record</h2>
      <textarea class="input mono" aria-label="A record" rows={5} placeholder='{"txn_id":"T1","amount":1200,"features":{"user_count_1m":12}}' value={record} onInput={(e) => set(e.currentTarget.value)} />
      <p class="row" style={{ marginTop: '6px' }}>
        <button type="button" class="button" onClick={fetchOne}>Take a risky payment</button>
        <button type="button" class="button" disabled={!record} onClick={run}>Try</button>
      </p>
      <Fault fault={fault} />
      {answer && (
        <div class="lines">
          {answer.error ? <p class="bad">{answer.error}</p> : <p class="row"><ActionTag action={answer.decision?.action} /> <span>{(answer.decision?.rules ?? []).map((f: any) => f.id).join(', ') || 'no rule fires'}</span></p>}
          {(answer.trace ?? []).filter((t: any) => t.outcome === 'fires' || t.outcome === 'fails').map((t: any) => <p key={t.rule}><b>{t.rule}</b> {t.outcome}: <span class="quiet small">{(t.parts ?? []).map((p: any) => `${p.text} = ${p.value}`).join('; ')}</span></p>)}
        </div>
      )}
    </section>
  )
}

/** A file of rules in which one is another: what becomes of payments is decided by all of them together. */
function among(file: string, old: string, rule: string) {
  return file.includes(old) ? file.replace(old, () => rule) : `${file.trimEnd()}\n\n${rule}`
}

interface EditorProps {
  title: string
  first: string
  /** What there is by now, and its version: nothing is written over that somebody else wrote meanwhile. */
  now?: () => Promise<{ text?: string; version?: number }>
  save: (text: string, comment: string, version?: number) => Promise<unknown>
  close: () => void
  /** The whole rule file, or the file that it is one rule of. */
  whole?: boolean
  within?: () => Promise<string>
}

function Editor({ title, first, now, save, close, whole, within }: EditorProps) {
  const draft = useDraft(`rule ${title}`, first)
  const { text, set } = draft
  const [theirs, setTheirs] = useState<string | null>(null)
  const put = async () => {
    const there = await now?.()
    if (there && there.text !== draft.from) {
      setTheirs(there.text ?? '')
      draft.rebase(there.text ?? '')
      throw new Problem(412, 'changed', 'Somebody else has changed this since you opened it. Your text is kept. Compare it with theirs, below; sent once more, yours takes its place.')
    }
    await save(text, comment, there?.version)
    draft.drop()
  }
  const [comment, setComment] = useState('')
  const [review, setReview] = useState<Review | null>(null)
  const [unchecked, setUnchecked] = useState<Problem | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => send('POST', 'rule-sets/validate', { text }).then((r) => { setReview(r); setUnchecked(null) }, (f) => { setReview(null); setUnchecked(f) }), 250)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <Drawer title={title} close={close}>
      <Form label={whole ? 'Save as a version' : 'Put in force'} cancel={close} send={put}>
        {(fault) => (
          <>
            <Field label={whole ? 'Rules' : 'Rule'} fault={fault('text')}>
              <textarea class="input mono" spellcheck={false} rows={whole ? 24 : 12} autofocus value={text} onInput={(e) => set(e.currentTarget.value)} />
            </Field>
            {text !== draft.from && <p class="quiet small">Not sent yet. <button type="button" class="link" onClick={draft.drop}>Back to what is in force</button></p>}
            {theirs !== null && <Field label="Theirs"><textarea class="input mono" readonly rows={8} value={theirs} /></Field>}
            {unchecked ? <Fault fault={unchecked} /> : <Notes review={review} />}
            <Field label="Why" fault={fault('comment')}><input class="input" placeholder="for those who read the versions" value={comment} onInput={(e) => setComment(e.currentTarget.value)} /></Field>
          </>
        )}
      </Form>
      <Try text={text} />
      <Backtest text={async () => (within ? among(await within(), draft.from, text) : text)} />
    </Drawer>
  )
}

/** A rule, for those who may not change it. */
function Reader({ rule, close }: { rule: Rule; close: () => void }) {
  return (
    <Drawer title={rule.id} close={close}>
      {rule.about && <p>{rule.about}</p>}
      <pre class="mono diff" style={{ marginTop: '10px' }}>{rule.text}</pre>
    </Drawer>
  )
}

function Versions({ again }: { again: () => void }) {
  const list = useList('rule-sets', { limit: 50 })
  const [diff, show] = useState<{ version: number; diff: string } | null>(null)
  const act = (s: RuleSet, what: 'submit' | 'approve' | 'publish' | 'restore') => send('POST', `rule-sets/${s.version}/${what}` as Path<'POST'>, {}).then(() => { toast(`Version ${s.version}: done`); list.again(); again() }, (f) => toast(f.message))
  return (
    <section class="card">
      <header><h2>Versions</h2><span class="small">every one is kept; going back makes a new one</span></header>
      <Fault fault={list.fault} again={list.again} />
      <div class="lines">
        {list.items.map((s) => (
          <div key={s.version} class="row between wrap">
            <span><b>{s.version}</b> <span class={`tag ${s.status === 'published' ? 'good' : ''}`}>{words(s.status)}</span> {s.comment || <span class="quiet">no comment</span>} <span class="quiet small">by {s.author}, <When at={s.created_at} as="ago" />{s.approved_by && `, approved by ${s.approved_by}`}</span></span>
            <span class="row">
              <button type="button" class="button" onClick={() => get(`rule-sets/${s.version}/diff`).then((d) => show({ version: s.version, diff: d.diff }), (f) => toast(f.message))}>Changes</button>
              {may('analyst') && s.status === 'draft' && <button type="button" class="button" onClick={() => act(s, 'submit')}>Submit</button>}
              {may('admin') && s.status === 'submitted' && <button type="button" class="button" disabled={s.author === me.value?.email} title={s.author === me.value?.email ? 'a second person approves' : undefined} onClick={() => act(s, 'approve')}>Approve</button>}
              {may('admin') && ['draft', 'approved', 'submitted'].includes(s.status) && <button type="button" class="button" onClick={() => act(s, 'publish')}>Publish</button>}
              {may('admin') && s.status === 'retired' && <button type="button" class="button" onClick={() => act(s, 'restore')}>Go back to it</button>}
            </span>
          </div>
        ))}
        {!list.loading && !list.items.length && <p class="quiet">No version yet.</p>}
      </div>
      {diff && (
        <Dialog title={`What version ${diff.version} changed`} close={() => show(null)}>
          <pre class="mono diff">{diff.diff ? diff.diff.split('\n').map((l, i) => <div key={i} class={l.startsWith('+') ? 'good' : l.startsWith('-') ? 'bad' : ''}>{l}</div>) : 'Nothing.'}</pre>
        </Dialog>
      )}
    </section>
  )
}

const NEW = '[new_rule]\nwhen   = .features.user_count_1m >= 10\nscore  = 0.9\naction = review\nmode   = shadow\nreason = "\\(.features.user_count_1m) payments by this customer in one minute"\n'

export default function RulesPage() {
  const { data, fault, again } = useData('rules')
  const tab = (query.value.get('tab') ?? 'rules') as 'rules' | 'versions'
  const [editing, edit] = useState<Rule | 'new' | 'whole' | null>(null)
  const [file, setFile] = useState('')
  const wanted = query.value.get('rule')
  // Going back closes what was opened.
  useEffect(() => {
    if (!wanted) edit((now) => (typeof now === 'object' ? null : now))
  }, [wanted])
  useEffect(() => listen('rules', again), [again])
  useEffect(() => {
    if (wanted && data?.items.some((r) => r.id === wanted)) void get(`rules/${wanted}`).then(edit, (f) => toast(f.message))
  }, [wanted, data?.version])
  const close = () => {
    edit(null)
    if (wanted) filter({ rule: null })
  }
  const done = (said: string) => {
    close()
    again()
    toast(said)
  }
  const said = (s: RuleSet) => done(s.status === 'published' ? `Version ${s.version} is in force` : `Kept as version ${s.version}, ${words(s.status).toLowerCase()}`)
  // The list comes without texts: what is opened is asked for.
  const open = (id: string) => (id === wanted ? again() : filter({ rule: id }, !!wanted))
  const file_now = () => get('rules').then((r) => get(`rule-sets/${r.version}`))
  const whole = () => file_now().then((s) => s.text ?? '')
  const openFile = () => whole().then((text) => { setFile(text); edit('whole') }, (f) => toast(f.message))
  useHeading('Rules', (
    <>
      <Choice label="View" value={tab} options={[['rules', 'Rules'], ['versions', 'Versions']]} change={(t) => filter({ tab: t === 'rules' ? null : t })} />
      {may('analyst') && <button type="button" class="button" onClick={() => edit('new')}>New rule</button>}
      {may('analyst') && <button type="button" class="button" onClick={openFile}>Whole file</button>}
    </>
  ))
  const change = (r: Rule, body: Body<`rules/${string}`, 'PATCH'>, text: string) => send('PATCH', `rules/${r.id}`, body).then((s) => { toast(s.status === 'published' ? text : `Kept as version ${s.version}`); again() }, (f) => toast(f.message))
  if (!data) return fault ? <Fault fault={fault} again={again} /> : <Skeleton lines={14} height={18} />
  return (
    <div class="stack far">
      <p class="quiet">Version {data.version}{data.hash && <> · <code>{data.hash}</code></>}{data.published_by && <> · published by {data.published_by}, <When at={data.published_at} as="ago" /></>}{data.effective?.error && <span class="bad"> · {data.effective.error}</span>}</p>
      {tab === 'versions' ? <Versions again={again} /> : (
        <div class="card flush scroll" tabIndex={0} role="region" aria-label="Rules">
          <table class="table">
            <caption class="visually-hidden">Rules</caption>
            <thead><tr><th scope="col">Rule</th><th scope="col" class="not-phone">When</th><th scope="col" class="not-phone">Then</th><th scope="col" class="number not-phone">Score</th><th scope="col" class="number">Hits</th><th scope="col" class="number">Precision</th><th scope="col">State</th><th scope="col"><span class="visually-hidden">Change</span></th></tr></thead>
            <tbody>
              {data.items.map((r) => (
                <tr key={r.id}>
                  <td><button type="button" class="link" onClick={() => open(r.id)}>{r.id}</button></td>
                  <td class="wide-cell not-phone" title={r.when}><code>{r.when}</code></td>
                  <td class="not-phone">{r.action ? <span class={`tag ${r.action === 'block' ? 'bad' : ''}`}>{words(r.action)}</span> : <span class="quiet">Score</span>}</td>
                  <td class="number not-phone">{r.score ?? '–'}</td>
                  <td class="number">{count(r.stats?.hits)}</td>
                  <td class="number" title={r.stats ? `${count(r.stats.fraud)} fraud, ${count(r.stats.genuine)} genuine; of the others nobody knows yet` : ''}>{percent(r.stats?.precision)}{r.stats && r.stats.fraud + r.stats.genuine > 0 && <span class="faint small"> of {count(r.stats.fraud + r.stats.genuine)}</span>}</td>
                  <td><span class={`tag ${!r.enabled ? 'bad' : r.mode === 'live' ? 'good' : ''}`}>{!r.enabled ? 'off' : r.mode}</span></td>
                  <td>
                    {may('analyst') && (
                      <span class="row">
                        <button type="button" class="button" onClick={() => change(r, { enabled: !r.enabled }, r.enabled ? `${r.id} is off` : `${r.id} is on`)}>{r.enabled ? 'Turn off' : 'Turn on'}</button>
                        {r.enabled && <button type="button" class="button" onClick={() => change(r, { mode: r.mode === 'live' ? 'shadow' : 'live' }, `${r.id} is ${r.mode === 'live' ? 'in shadow' : 'live'}`)}>{r.mode === 'live' ? 'Shadow' : 'Live'}</button>}
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {!data.items.length && <Empty>No rules yet. The model alone decides.</Empty>}
        </div>
      )}
      {editing === 'new' && <Editor title="A new rule" first={NEW} within={whole} close={close} save={(text, comment) => send('POST', 'rules', { text, comment: comment || undefined }).then(said)} />}
      {editing === 'whole' && <Editor title="The whole rule file" whole first={file} now={file_now} close={close} save={async (text, comment, version) => { const s = await send('POST', 'rule-sets', { text, comment: comment || undefined }, version); done(`Version ${s.version}, a draft: publish it under Versions`) }} />}
      {editing && typeof editing === 'object' && !may('analyst') && <Reader rule={editing} close={close} />}
      {editing && typeof editing === 'object' && may('analyst') && <Editor key={editing.id} title={editing.id} first={editing.text ?? ''} within={whole} now={() => get(`rules/${editing.id}`)} close={close} save={(text, comment, version) => send('PUT', `rules/${editing.id}`, { text, comment: comment || undefined }, version).then(said)} />}
    </div>
  )
}
