import { shortId } from '../format'
import { copy } from './copy'

/** An id, shortened in the middle; a click copies it whole. */
export function Id({ id, keep }: { id: string | number | null | undefined; keep?: number }) {
  if (id == null || id === '') return <span class="faint">–</span>
  const text = String(id)
  return (
    <button type="button" class="id mono" title={`${text} (click to copy)`} onClick={(e) => { e.stopPropagation(); copy(text, `Copied ${text}`) }}>
      {shortId(text, keep)}
    </button>
  )
}
