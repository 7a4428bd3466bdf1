import { ComponentChildren } from 'preact'
import { Problem } from '../api'
import { capital, words } from '../format'

/** Lines shaped like what will come. */
export function Skeleton({ lines = 5, height = 14 }: { lines?: number; height?: number }) {
  return (
    <div class="stack" aria-hidden="true">
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} class="skeleton" style={{ height: `${height}px`, width: `${92 - ((i * 17) % 40)}%` }} />
      ))}
    </div>
  )
}

/** In the place of what is not there yet: its shape, or why it does not come. */
export function Waiting({ of, ...shape }: { of: { fault: Problem | null; again: () => void }; lines?: number; height?: number }) {
  return of.fault ? <Fault fault={of.fault} again={of.again} /> : <Skeleton {...shape} />
}

/** What will be here, and how to make it. */
export function Empty({ children, command }: { children: ComponentChildren; command?: string }) {
  return (
    <div class="empty">
      <p>{children}</p>
      {command && <code>{command}</code>}
    </div>
  )
}

export function Fault({ fault, again }: { fault: Problem | null; again?: () => void }) {
  if (!fault) return null
  return (
    <div class="fault" role="alert">
      <p>{capital(fault.message.replace(/; see errors$/, ''))}</p>
      {fault.errors.length > 0 && <ul>{fault.errors.map((e, i) => <li key={i}>{[words(e.name), e.detail].filter(Boolean).join(' ')}</li>)}</ul>}
      {again && fault.status !== 404 && (
        <button type="button" class="link" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}
