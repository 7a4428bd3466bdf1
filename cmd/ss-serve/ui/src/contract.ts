// What the API's description says of each path, for the calls in api.ts: `cases/${id}/comments` finds
// /api/v1/cases/{id}/comments, what may be asked of it, what is sent to it and what it answers.
import type { components, paths } from 'openapi'

type Answers = components['schemas']
/** A part of the API by its name in the description. */
export type Schema<Name extends keyof Answers> = Answers[Name]

type Calls = { [K in keyof paths as K extends `/api/v1/${infer Rest}` ? Rest : never]: paths[K] }
type Known = keyof Calls & string

type Open<S extends string> = S extends `${infer Head}{${string}}${infer Tail}` ? `${Head}${string}${Open<Tail>}` : S
type Having<M extends string> = { [K in Known]: Calls[K] extends Record<Lowercase<M>, object> ? K : never }[Known]
/** Every path that can be asked so, with anything in the place of {id}: it makes a call's words stay words. */
export type Path<M extends string = 'GET'> = Open<Having<M>>

type Parts<S extends string> = S extends `${infer Head}/${infer Tail}` ? [Head, ...Parts<Tail>] : [S]
/** Whether a path that is asked fits one of the description, part by part: {id} is anything, a word is itself. */
type Fits<Asked, Said> = Asked extends [infer A, ...infer As]
  ? Said extends [infer S, ...infer Ss]
    ? S extends `{${string}}`
      ? Fits<As, Ss>
      : A extends S
        ? Fits<As, Ss>
        : false
    : false
  : Said extends []
    ? true
    : false
type Found<P extends string> = P extends Known ? P : { [K in Known]: Fits<Parts<P>, Parts<K>> extends true ? K : never }[Known]

export type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Operation<P extends string, M extends string> = Found<P> extends infer K extends Known ? (Lowercase<M> extends keyof Calls[K] ? Calls[K][Lowercase<M>] : never) : never
type Json<T> = T extends { content: infer C } ? C[keyof C & ('application/json' | 'application/merge-patch+json')] : never
type Good<T> = T extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202)]> : never

/** What comes back; nothing where the description names no body. */
export type Answer<P extends string, M extends string = 'GET'> = [Operation<P, M>] extends [never] ? never : [Good<Operation<P, M>>] extends [never] ? undefined : Good<Operation<P, M>>
/** The names that can be asked, with values as the address carries them. */
export type Query<P extends string, M extends string = 'GET'> =
  Operation<P, M> extends { parameters: { query?: infer Q } } ? { [K in keyof Q]?: Q[K] | string | boolean | null } : Record<string, never>
export type Body<P extends string, M extends string> = Operation<P, M> extends { requestBody?: infer R } ? [Json<NonNullable<R>>] extends [never] ? unknown : Json<NonNullable<R>> | Blob : undefined
/** One item of a list. */
export type Item<P extends string> = Answer<P> extends { items: (infer T)[] } ? T : never
