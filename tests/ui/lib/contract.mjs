// What the server answers beside what its description (openapi.json) says it answers: the types of the dashboard are
// made of the latter, so each answer that a test brings about is held to it.

const kinds = { string: (v) => typeof v === 'string', number: (v) => typeof v === 'number', integer: Number.isInteger, boolean: (v) => typeof v === 'boolean', object: (v) => v && typeof v === 'object' && !Array.isArray(v), array: Array.isArray, null: (v) => v === null }

/** `fault(method, path, status, body)`: a sentence, or nothing. */
export function contract(document) {
  const routes = Object.keys(document.paths).map((path) => ({ path, parts: path.split('/') }))
  // A word before a variable: cases/stats is not cases/{id}.
  const route = (path) => {
    const parts = path.split('/')
    const fit = routes.filter((r) => r.parts.length === parts.length && r.parts.every((p, i) => p.startsWith('{') || p === parts[i]))
    return fit.sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0]?.path
  }

  function look(schema, value, at) {
    if (schema.$ref) return look(document.components.schemas[schema.$ref.split('/').pop()], value, at)
    if (schema.oneOf ?? schema.anyOf) {
      const all = (schema.oneOf ?? schema.anyOf).map((s) => look(s, value, at))
      return all.includes('') ? '' : all[0]
    }
    if (schema.enum && !schema.enum.includes(value)) return `${at}: ${JSON.stringify(value)} is none of ${schema.enum}`
    const types = schema.type === undefined ? [] : [].concat(schema.type)
    if (types.length && !types.some((t) => kinds[t](value))) return `${at}: ${JSON.stringify(value)?.slice(0, 60)} is no ${types.join(' or ')}`
    if (kinds.array(value) && schema.items) for (const [i, item] of value.entries()) { const f = look(schema.items, item, `${at}[${i}]`); if (f) return f }
    if (kinds.object(value) && schema.properties) {
      // As in types.mjs: a schema without a list of what is required means all.
      for (const name of schema.required ?? Object.keys(schema.properties)) if (!(name in value)) return `${at}.${name} is missing`
      for (const [name, inner] of Object.entries(value)) {
        const said = schema.properties[name] ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : null)
        if (!said && schema.additionalProperties !== true) return `${at}.${name} is not described`
        const f = said ? look(said, inner, `${at}.${name}`) : ''
        if (f) return f
      }
    } else if (kinds.object(value) && typeof schema.additionalProperties === 'object') {
      for (const [name, inner] of Object.entries(value)) { const f = look(schema.additionalProperties, inner, `${at}.${name}`); if (f) return f }
    }
    return ''
  }

  return (method, path, status, body) => {
    const found = route(path)
    const operation = found && document.paths[found][method.toLowerCase()]
    if (!operation) return `${method} ${path} is not described`
    const answer = operation.responses[String(status)]
    if (!answer) return `${method} ${found} answers ${status}, which is not described`
    const schema = answer.content?.['application/json']?.schema
    return schema ? look(schema, body, `${method} ${found}`) : ''
  }
}
