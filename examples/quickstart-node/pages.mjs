// The pages of the example. `html` escapes whatever is put into it.

const escaped = (value) => String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

class Html {
  constructor(text) {
    this.text = text
  }
}

export function html(parts, ...values) {
  const shown = values.map((value) =>
    [value]
      .flat()
      .map((one) => (one instanceof Html ? one.text : escaped(one)))
      .join(''),
  )
  return new Html(String.raw({ raw: parts }, ...shown))
}

function page(title, body) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`.text
}

export const signedOut = (message = 'Nobody is signed in.') =>
  page(
    'Quickstart',
    html`<p>${message}</p>
      <p><a href="/login">Sign in</a></p>`,
  )

export const home = (user, projects) =>
  page(
    'Quickstart',
    html`<p>Signed in as ${user.name ?? user.sub} (${user.email ?? 'no address'}).</p>
      <h2>Projects</h2>
      <ul>
        ${projects.length ? projects.map(project) : html`<li>None.</li>`}
      </ul>
      <form method="post" action="/logout"><button>Sign out</button></form>`,
  )

const project = ({ id, name }) =>
  html`<li>
    <form method="post" action="/projects/${id}/delete">${name} <button>Delete ${name}</button></form>
  </li>`

export const sorry = (error, description) =>
  page(
    'That did not work',
    html`<p role="alert">${description || 'Something else happened than we expected.'} <code>${error}</code></p>
      <p><a href="/">Back</a></p>`,
  )
