from assistant.api import Problem as Problem
from assistant.api import Session as Session
from assistant.api import Settings as Settings
from assistant.api import analyze as analyze
from assistant.api import export as export
from assistant.api import judge as judge
from assistant.api import load_problems as load_problems
from assistant.api import open_engine as open_engine
from assistant.api import open_sandbox as open_sandbox
from assistant.api import read_journal as read_journal

__version__: str
