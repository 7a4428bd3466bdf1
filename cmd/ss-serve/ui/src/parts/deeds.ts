// What the audit log's words mean, as sentences; a word that is not here is read out as it is.
import { words } from '../format'

const DEEDS: Record<string, string> = {
  'alert.acknowledge': 'Took an alert under review', 'alert.assign': 'Gave an alert to somebody', 'alert.edit': 'Edited an alert',
  'alert.snooze': 'Put an alert off', 'alert.status': 'Decided on an alert',
  'auth.denied': 'Was refused for want of a right', 'auth.failed': 'Failed to sign in', 'auth.lock': 'Locked out after failures', 'auth.login': 'Signed in',
  'auth.logout': 'Signed out', 'auth.logout_all': 'Signed out everywhere', 'auth.password': 'Changed the password', 'auth.register': 'Registered',
  'auth.register_known': 'Tried to register a known address', 'auth.setup': 'Set the server up',
  'case.assign': 'Gave a case to somebody', 'case.close': 'Closed a case', 'case.create': 'Made a case', 'case.edit': 'Edited a case',
  'case.escalate': 'Escalated a case', 'case.link_alert': 'Linked an alert', 'case.link_payment': 'Linked a payment', 'case.priority': 'Changed the priority',
  'case.release': 'Gave a case back', 'case.reopen': 'Reopened a case', 'case.resolve': 'Resolved a case', 'case.status': 'Moved a case',
  'case.take': 'Took a case', 'case.unlink_alert': 'Unlinked an alert', 'case.unlink_payment': 'Unlinked a payment',
  'comment.add': 'Wrote a comment', 'comment.edit': 'Edited a comment', 'customer.note': 'Noted something on a customer', 'evidence.add': 'Added evidence',
  'invite.create': 'Invited somebody', 'invite.revoke': 'Took an invitation back', 'job.ask': 'Asked for a backtest', 'job.cancel': 'Stopped a backtest',
  'key.create': 'Made an API key', 'key.revoke': 'Revoked an API key', 'label.set': 'Labelled a payment',
  'list.add': 'Added to a list', 'list.change': 'Changed an entry of a list', 'list.create': 'Made a list', 'list.describe': 'Described a list anew', 'list.import': 'Imported into a list',
  'list.import_begin': 'Began an import into a list', 'list.remove': 'Removed from the lists', 'list.replace': 'Replaced a list', 'list.replace_begin': 'Began to replace a list',
  'rules.approve': 'Approved rules', 'rules.draft': 'Drafted rules', 'rules.edit': 'Edited rules', 'rules.publish': 'Published rules', 'rules.reject': 'Rejected rules',
  'rules.restore': 'Restored earlier rules', 'rules.submit': 'Submitted rules', 'rules.withdraw': 'Withdrew rules',
  'session.reuse': 'Used a spent session again', 'session.revoke': 'Ended a session', 'settings.change': 'Changed a setting', 'store.prune': 'Removed old payments',
  'user.change': 'Changed a user', 'user.create': 'Made a user', 'user.deactivate': 'Deactivated a user', 'user.link': 'Linked a user to a provider',
  'user.password': 'Set a user’s password', 'user.sessions': 'Ended a user’s sessions',
}

export function deed(action: string) {
  return DEEDS[action] ?? words(action.replace('.', ' '))
}

/** "case:17": Case 17. */
export function thing(subject: string) {
  const [kind, ...of] = subject.split(':')
  return of.length ? `${words(kind)} ${of.join(':')}` : subject
}
