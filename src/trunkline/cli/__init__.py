"""The command line: `trunkline …`. One module per group of commands; `application` puts them together.

argv ── application.run ──> a command ── opening ──> core functions on the database
             │                        └─ remote ──> a running server over HTTP
             └── failures: every error becomes one sentence, a hint and an exit code
"""
