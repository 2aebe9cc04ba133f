// Sessions of this application: a random name in the browser, all else here. Your database, in real life.

import { randomBytes } from 'node:crypto'

const sessions = new Map()

export function sessionOf(request) {
  const name = /(?:^|;\s*)quickstart-node=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  return sessions.get(name)
}

// A new session in place of `old`: whenever somebody signs in or out, so that nobody waits in it already.
export function begin(content, old) {
  end(old)
  const session = { ...content, name: randomBytes(32).toString('base64url') }
  sessions.set(session.name, session)
  return session
}

export function end(session) {
  sessions.delete(session?.name)
}

// SameSite=Lax: another site's forms come without it, so that they change nothing.
export function cookie(session) {
  return `quickstart-node=${session.name}; Path=/; HttpOnly; SameSite=Lax`
}
