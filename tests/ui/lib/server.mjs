// A real ss-serve over a store of generated payments, on a port of its own, with a live stream behind it.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../../..')
const bin = join(resolve(root, process.env.BUILD ?? 'build'), 'bin')
export const PIPELINE = 'features | score | rules -r default | alert'

/** `payments` of the last three days are stored first (0: the store is empty); `rate` more come each second while it runs (0: none), `fraud` of
 * them fraudulent, which they say themselves if `labels`. `over` days are those of them that come within `seconds`:
 * the stored ones lie before, and event time runs ahead. With `model` one is trained first, on the month before. */
export async function serve({ payments = 4000, rate = 4, fraud = 0.2, seed = 7, labels = true, over = 0, seconds = 0, model = false, options = '' } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'ss-ui-'))
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, LC_ALL: 'C', TZ: 'UTC' }
  const span = 3 * 86400
  // Two hours are left, as what is generated may take longer than asked.
  const begin = Date.now() - over * 86400e3
  const start = new Date(begin - (span + 7200) * 1000).toISOString()
  const pipeline = model ? PIPELINE.replace('score', 'score -m fraud.ssm') : PIPELINE
  const month = new Date(begin - (span + 7200 + 30 * 86400) * 1000).toISOString()
  const trained = `ss-gen -q --count 60000 --seed ${seed} --customers 500 --fraud 0.03 --start ${month} --event-rate ${60000 / (30 * 86400)} | ss-features -q | ss-train -q -o fraud.ssm >/dev/null`
  const made = spawnSync('bash', ['-c', `set -o pipefail
    ${model ? trained : ':'} &&
    ${payments ? '' : 'exit 0'}
    ss-gen -q --count ${payments} --seed ${seed} --customers 500 --fraud 0.03 --start ${start} --event-rate ${payments / span} |
    ss-run -q '${pipeline}' | ss-store -q fraud.db >/dev/null`], { cwd: dir, env, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`no payments could be stored: ${made.stderr}`)

  const pace = over ? `--start ${new Date(begin).toISOString()} --event-rate ${(rate * seconds) / (over * 86400)}` : `--start ${new Date(begin).toISOString()} --rate ${rate}`
  // The same people as before, with payments of other names.
  const feed = `ss-gen -q --count 0 ${pace} --seed ${seed} --customers 500 --fraud ${fraud}${labels ? '' : ' --no-labels'} | sed -u 's/"txn_id":"[^-]*-/"txn_id":"live-/'${over ? ` | ss-pace -q --rate ${rate}` : ''}`
  const server = run({ dir, env, pipeline, options, feed: rate ? feed : '' })
  await server.start()
  server.token = /: ([A-Za-z0-9_-]{32})\s/.exec(server.said())?.[1]
  server.stop = async () => {
    await server.kill('SIGTERM')
    rmSync(dir, { recursive: true, force: true })
  }
  return server
}

/** The process, which can be killed and started again at the same address. */
function run({ dir, env, pipeline, options, feed }) {
  let process_of
  let said = ''
  const server = { url: '', said: () => said, get pid() { return process_of.pid } }
  // The shell makes the pipe: what Node would give the server as its input is a socket.
  server.start = () => new Promise((done, failed) => {
    const where = server.url ? server.url.replace('http://', '') : '127.0.0.1:0'
    const ui = process.env.UI_DIR ? `--ui '${process.env.UI_DIR}'` : ''
    const began = said.length
    process_of = spawn('bash', ['-c', `exec ss-serve -v -l ${where} --pipeline '${pipeline}' ${ui} ${options} fraud.db ${feed ? `< <(${feed})` : '</dev/null'}`], { cwd: dir, env, stdio: ['ignore', 'ignore', 'pipe'] })
    const late = setTimeout(() => failed(new Error(`ss-serve does not listen: ${said}`)), 60000)
    process_of.on('exit', (code) => failed(new Error(`ss-serve ended with ${code}: ${said}`)))
    process_of.stderr.on('data', (bytes) => {
      said += bytes
      const found = /listening at (\S+)/.exec(said.slice(began))
      if (!found) return
      clearTimeout(late)
      server.url = `http://${found[1]}`
      done()
    })
  })
  server.kill = async (signal = 'SIGKILL') => {
    const gone = new Promise((done) => process_of.on('exit', done))
    if (process_of.exitCode === null && process_of.signalCode === null) {
      process_of.kill(signal)
      const late = setTimeout(() => process_of.kill('SIGKILL'), 3000)
      await gone
      clearTimeout(late)
    }
  }
  return server
}

/** A call to the API beside the browser, with a token of its own. */
export function api(url, access) {
  return async (method, path, body) => {
    const headers = { 'Content-Type': 'application/json', ...(access ? { Authorization: `Bearer ${access}` } : {}) }
    const answer = await fetch(`${url}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : null
  }
}
