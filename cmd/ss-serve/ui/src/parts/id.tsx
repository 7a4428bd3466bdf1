import { shortId } from '../format'
import { toast } from './toast'

/** An id, shortened in the middle; a click copies it whole. */
export function Id({ id, keep }: { id: string | number | null | undefined; keep?: number }) {
  if (id == null || id === '') return <span class="faint">–</span>
  const text = String(id)
  const copy = (event: Event) => {
    event.stopPropagation()
    navigator.clipboard?.writeText(text).then(() => toast(`Copied ${text}`))
  }
  return (
    <button type="button" class="id mono" title={`${text} (click to copy)`} onClick={copy}>
      {shortId(text, keep)}
    </button>
  )
}
