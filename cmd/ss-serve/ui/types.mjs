// Writes OUT (argument 2): the types of the API, out of its OpenAPI document (argument 1).
import openapi, { astToString } from 'openapi-typescript'
import { readFileSync, writeFileSync } from 'node:fs'

const document = JSON.parse(readFileSync(process.argv[2], 'utf8'))

// What an answer's schema lists is there; where it says nothing of it, all is: what is unknown is null, not left out.
const seen = new Set()
function complete(schema) {
  if (!schema || typeof schema !== 'object' || seen.has(schema)) return
  seen.add(schema)
  if (schema.$ref) complete(document.components.schemas[schema.$ref.split('/').pop()])
  if (schema.properties && !schema.required) schema.required = Object.keys(schema.properties)
  for (const inner of Object.values(schema.properties ?? {})) complete(inner)
  for (const inner of [schema.items, schema.additionalProperties, ...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]) complete(inner)
}
for (const path of Object.values(document.paths))
  for (const operation of Object.values(path))
    for (const answer of Object.values(operation.responses ?? {}))
      for (const content of Object.values(answer.content ?? {})) complete(content.schema)

writeFileSync(process.argv[3], astToString(await openapi(document, { rootTypes: false, defaultNonNullable: false })))
