import { Level } from '../format'

export function LevelTag({ level }: { level: Level | string | null | undefined }) {
  const name = (level ?? 'NONE').toLowerCase()
  return <span class={`level ${name}`}>{name.charAt(0).toUpperCase() + name.slice(1)}</span>
}

const ACTIONS: Record<string, string> = { block: 'Blocked', challenge: 'Challenged', review: 'Review', notify: 'Notified', allow: 'Allowed' }

export function ActionTag({ action }: { action: string | null | undefined }) {
  return <span class={`tag ${action === 'block' ? 'bad' : action === 'allow' ? 'calm' : ''}`}>{ACTIONS[action ?? ''] ?? 'No decision'}</span>
}
