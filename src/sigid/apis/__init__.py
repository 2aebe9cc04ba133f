"""APIs: the audiences that tokens are made for, with their scopes in words that a person understands."""

from sigid.apis import tables as tables
