"""The app in browsers: for one person with a token, or for the people of a study, each with a link of their own.

`token_server.py` serves oneself; `study_server.py` a study: pages (`pages.py`, `templates/`) around terminals
(`terminals.py`, `app_process.py`), for those whom `invitations.py` and `sign_in.py` let in. `participants.py` says
where each person is, from the journals alone, so that a killed server loses nothing. `addresses.py`
refuses foreign pages.

Imported by: `cli.serve`, `cli.study_people`. Imports: `session`, `journal`, `problems` and below; the app itself is a
child process that is started by its command line.
Threads: one event loop; whatever reads the folder of sessions runs in threads (`asyncio.to_thread`).
Start reading at `study_server.py`.
"""
