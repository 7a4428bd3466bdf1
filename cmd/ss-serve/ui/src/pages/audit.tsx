import { get, url } from '../api'
import { useList } from '../data'
import { count } from '../format'
import { useHeading } from '../frame'
import { deed, thing } from '../parts/deeds'
import { Drawer } from '../parts/dialog'
import { Find } from '../parts/form'
import { Empty } from '../parts/states'
import { Column, Table } from '../parts/table'
import { toast } from '../parts/toast'
import { When } from '../parts/when'
import { filter, openBeside, query } from '../router'
import type { Schema } from '../contract'

type Line = Schema<'AuditLine'>
const text = (v: unknown) => (v == null ? '–' : typeof v === 'string' ? v : JSON.stringify(v, null, 1))

const COLUMNS: Column<Line>[] = [
  { key: 'seq', title: 'No.', number: true, cell: (l) => count(l.seq) },
  { key: 'time', title: 'When', cell: (l) => <When at={l.time} /> },
  { key: 'actor', title: 'Who', cell: (l) => l.actor },
  { key: 'action', title: 'Did', cell: (l) => <span title={l.action}>{deed(l.action)}</span> },
  { key: 'subject', title: 'To', cell: (l) => l.subject && <span title={l.subject}>{thing(l.subject)}</span> },
  { key: 'address', title: 'From', cell: (l) => l.address },
  { key: 'hash', title: 'Hash', cell: (l) => <code>{l.hash.slice(0, 12)}</code> },
]

export default function Audit() {
  const at = query.value.get('open')
  const filters = { actor: query.value.get('actor'), action: query.value.get('action'), subject: query.value.get('subject') }
  const list = useList('audit', { ...filters, limit: 200 })
  const open = list.items.find((l) => String(l.seq) === at)
  const verify = () =>
    get('audit/verify').then(
      (v) => toast(v.intact ? `${count(v.lines)} lines, unbroken up to ${(v.hash ?? '').slice(0, 12)}` : `${count(v.fault_count)} faults: the log was changed`),
      (f) => toast(f.message),
    )
  useHeading('Audit', <button type="button" class="button" onClick={verify}>Check the chain</button>, true)
  return (
    <div class="column-page">
      <div class="bar-top">
        {(['actor', 'action', 'subject'] as const).map((name) => (
          <Find key={name} name={name} width={150} label={name} placeholder={name} />
        ))}
        <span class="grow" />
        <a class="button" href={url('audit/export')} download="audit.ndjson">Export</a>
      </div>
      <Table name="audit" label="Audit log" list={list} columns={COLUMNS} id={(l) => String(l.seq)} open={(l) => openBeside(String(l.seq))} opened={at} empty={<Empty>Every change is written down here.</Empty>} />
      {open && (
        <Drawer title={deed(open.action)} close={() => filter({ open: null })}>
          <dl class="pairs">
            <dt>Who</dt><dd>{open.actor}</dd>
            <dt>Did</dt><dd class="mono">{open.action}</dd>
            <dt>To</dt><dd class="mono">{open.subject}</dd>
            <dt>When</dt><dd><When at={open.time} /></dd>
            <dt>From</dt><dd>{open.address}</dd>
            <dt>Before</dt><dd><pre class="mono" style={{ margin: 0, whiteSpace: 'pre-wrap' }}>{text(open.old)}</pre></dd>
            <dt>After</dt><dd><pre class="mono" style={{ margin: 0, whiteSpace: 'pre-wrap' }}>{text(open.new)}</pre></dd>
            <dt>Hash</dt><dd class="mono" style={{ overflowWrap: 'anywhere' }}>{open.hash}</dd>
          </dl>
        </Drawer>
      )}
    </div>
  )
}
