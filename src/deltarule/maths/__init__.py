"""The derivation: pure functions of arrays, and nothing else.

Read it beside docs/derivation.md. Every module is written with functions of the Array API standard
alone (`xp = a.__array_namespace__()`) and never writes into its arguments, so that the same source runs
on complex numbers (the complex step) and on any array library. Letters are those of docs/notation.md.
"""
