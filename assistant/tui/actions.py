"""Every action of the app, once: bindings, help, palette and the settings for keys are made from this."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Action:
    """Something a person can do, and where. `id` names it in the settings; keys are Textual's names."""

    id: str
    keys: str
    """The first is one that no terminal, multiplexer or browser takes: the footer shows it and texts name it."""
    title: str
    help: str
    where: str
    command: str = ""
    """Textual action; `id` when empty."""
    footer: bool = False
    priority: bool = False
    """Works before the focused widget sees the key."""
    short: str = ""
    """The title in the footer, where room is scarce; `title` when empty."""


PLACES = {
    "app": "Everywhere",
    "library": "Problems",
    "work": "While working on a problem",
    "feedback": "In the feedback box",
    "editor": "While editing the code",
    "summary": "At the end of a session",
    "sessions": "Sessions",
    "own problem": "Writing a problem",
    "write back": "Writing into your own file",
    "settings": "Settings",
    "panes": "In a list or pane",
}

NOT_SERVED = frozenset(
    {
        "settings", "own_problem", "edit_own", "delete_own", "export", "export_own", "edit_outside", "save_code",
        "share", "suspend_process",
    }
)  # fmt: skip
"""Actions that touch the machine on which the app runs."""

ACTIONS = (
    Action(
        "help", "f1,question_mark", "Help", "All keys on one page; `?` only where no text is typed", "app",
        footer=True,
    ),
    Action("command_palette", "ctrl+p", "Palette", "Find any action by its name", "app"),
    Action("quit_safely", "ctrl+q", "Quit", "Leave; an open session can be resumed", "app", priority=True),
    Action("suspend_process", "ctrl+z", "Suspend", "To the shell; `fg` comes back", "app", priority=True),
    Action("copy_or_hint", "ctrl+c", "Copy", "Copy what is selected; never ends anything", "app"),
    Action(
        "settings", "ctrl+backslash,f12", "Settings",
        "Problems, model, server, rounds, samples; theme and keys", "app",
    ),
    Action("retry_model", "ctrl+r", "Load again", "Load the model again", "app", footer=True),
    Action(
        "open_problem", "enter", "Open", "Work on the chosen problem", "library", footer=True, priority=True,
    ),
    Action("next_state", "f4,ctrl+t", "Show", "Show all, untried, solved, given up", "library", footer=True),
    Action(
        "sessions", "f3,ctrl+s", "Sessions", "Sessions so far: resume, look, delete", "library", footer=True,
    ),
    Action("own_problem", "f2,ctrl+n", "New problem", "Write a problem of your own", "library", footer=True),
    Action("edit_own", "f6", "Edit problem", "Edit the chosen problem, if it is one of your own", "library"),
    Action(
        "delete_own", "f8", "Delete problem", "Delete the chosen problem, if it is one of your own",
        "library",
    ),
    Action(
        "export_own", "f7", "Export problems", "Save your own problems to a file for --problems", "library",
    ),
    Action(
        "send", "enter", "Send", "Send your words; the model writes again", "feedback", footer=True,
        priority=True,
    ),
    Action(
        "new_line", "alt+enter,ctrl+j,shift+enter", "New line", "A line break in your words", "feedback",
        priority=True,
    ),
    Action("undo", "ctrl+underscore", "Undo", "Take back the last change of your words", "feedback"),
    Action(
        "stop", "escape", "Stop, or back", "Stop writing and keep what is there; leave a look back", "work",
        footer=True, short="Back",
    ),
    Action(
        "again", "ctrl+r", "Ask again", "Repeat an answer that was stopped or failed", "work", footer=True,
        short="Again",
    ),
    Action(
        "edit", "f2", "Edit code", "Change the code yourself and run the tests", "work", footer=True,
        short="Edit",
    ),
    Action("edit_outside", "f3", "Own editor", "Change the code in your own editor ($EDITOR)", "work"),
    Action(
        "diff", "f4", "Diff", "What changed since the round before; again for earlier ones", "work",
        footer=True,
    ),
    Action(
        "scratch", "f5", "Try a call", "Call the function with an argument of your own", "work", footer=True,
        short="Try",
    ),
    Action(
        "remove_test", "delete", "Remove test",
        "Take back the test under the cursor (in the pane of tests), if you added it", "work",
    ),
    Action(
        "whole_answer", "f6", "Whole answer", "All that the model said, words and code", "work",
        priority=True,
    ),
    Action(
        "insert_case", "f8", "Quote case", "Put the chosen failing test into your words", "work",
        footer=True, short="Quote",
    ),
    Action("insert_line", "f9", "Quote line", "Put the chosen code line into your words", "work"),
    Action(
        "kinds", "ctrl+right_square_bracket,ctrl+t", "Label",
        "Label your words (optional, for research): logic, formatting, …", "work",
    ),
    Action("earlier", "alt+left,left_square_bracket", "Earlier round", "Look back one round", "work"),
    Action("later", "alt+right,right_square_bracket", "Later round", "Look forward one round", "work"),
    Action(
        "branch", "ctrl+circumflex_accent,ctrl+b", "Branch", "Go on from the program you look at", "work",
        footer=True,
    ),
    Action("draw", "alt+down", "Another draw", "Another answer to what was asked, beside this one", "work"),
    Action(
        "copy_code", "f7", "Copy code", "The whole program to the clipboard (also over SSH)", "work",
        priority=True,
    ),
    Action(
        "save_code", "ctrl+s", "Save code", "Save the program to a file, or into your own (`fix`)", "work",
    ),
    Action(
        "share", "shift+f7,f19", "Share",
        "The session as Markdown and as an HTML page, without names and paths", "work", priority=True,
    ),
    Action(
        "give_up", "ctrl+g", "Give up", "End the session: given up, or the task or its tests are wrong",
        "work", footer=True,
    ),
    Action(
        "leave", "f10,ctrl+l", "Leave", "Back to the problems; the session can be resumed", "work",
        footer=True,
    ),
    Action(
        "go_on", "ctrl+y", "Go on",
        "After the end: two more rounds, beyond the experiment; edit, try, say what is wrong", "work",
        footer=True, priority=True,
    ),
    Action("grow", "ctrl+up", "Larger", "Make the focused pane larger", "work"),
    Action("shrink", "ctrl+down", "Smaller", "Make the focused pane smaller", "work"),
    Action(
        "next_problem", "enter,f2,ctrl+n", "Next problem", "Open the next untried problem", "summary",
        footer=True, short="Next", priority=True,
    ),
    Action(
        "go_on", "f8,ctrl+y", "Go on",
        "Two more rounds, beyond the experiment; the hidden test under the cursor comes along, and words for it",
        "summary", footer=True,
    ),
    Action("to_library", "f10,ctrl+l", "Problems", "Back to the problems", "summary", footer=True),
    Action(
        "look", "escape", "Look again", "Back to the working screen, to look at the rounds", "summary",
        footer=True, short="Look",
    ),
    Action(
        "copy_code", "f7", "Copy code", "The whole program to the clipboard (also over SSH)", "summary",
        footer=True, short="Copy",
    ),
    Action(
        "save_code", "ctrl+s", "Save code", "Save the program to a file, or into your own (`fix`)",
        "summary", footer=True, short="Save",
    ),
    Action(
        "share", "ctrl+e,shift+f7,f19", "Share",
        "The session as Markdown and as an HTML page, without names and paths", "summary", footer=True,
    ),
    Action(
        "run", "f2,ctrl+s", "Run tests", "Run the tests on your version", "editor", footer=True,
        priority=True,
    ),
    Action(
        "back", "escape", "Back", "Leave; your version stays for later", "editor", footer=True,
        priority=True,
    ),
    Action("line_break", "enter", "New line", "A new line, indented", "editor", priority=True),
    Action("undo", "ctrl+underscore", "Undo", "Take back the last change of the code", "editor"),
    Action(
        "open_session", "enter", "Open", "Go on with it where it stopped, or see how it ended and go on from there",
        "sessions", footer=True, priority=True,
    ),
    Action("look_at", "f2", "Look", "Look at its rounds without going on", "sessions", footer=True),
    Action(
        "delete_session", "ctrl+d,delete", "Delete", "Move it to the trash folder, after a question",
        "sessions", footer=True, priority=True,
    ),
    Action(
        "replay", "ctrl+r", "Replay", "Generate and test it again; the same, or where it first differs",
        "sessions", footer=True,
    ),
    Action(
        "export", "ctrl+e", "Export", "Save it as Markdown, HTML, SVG, as its journal, or the program alone",
        "sessions", footer=True, priority=True,
    ),
    Action("close", "escape", "Back", "Back to the problems", "sessions", footer=True),
    Action(
        "keep_problem", "ctrl+s", "Save", "Keep the problem and open it", "own problem", footer=True,
        priority=True,
    ),
    Action(
        "other_page", "f6", "More",
        "Its name, hidden tests and a right solution; again for the task and its tests", "own problem",
        footer=True, priority=True,
    ),
    Action(
        "propose_tests", "f5", "Propose tests", "Let the model propose tests; you mark the right ones",
        "own problem", footer=True,
    ),
    Action("close", "escape", "Back", "Leave without keeping it", "own problem", footer=True),
    Action(
        "write", "enter,y", "Write", "Write the new function into the file", "write back", footer=True,
        priority=True,
    ),
    Action("close", "escape,n", "Leave", "Leave the file as it is", "write back", footer=True),
    Action(
        "change", "enter", "Change", "Change the chosen setting or key", "settings", footer=True,
        priority=True,
    ),
    Action("close", "escape", "Back", "Back to where you were", "settings", footer=True),
    Action("fold", "ctrl+f,f11", "Fold", "Fold or unfold the problem's text", "work", priority=True),
    Action(
        "wrap", "ctrl+o", "Wrap", "Long lines go on below, or are cut at the edge with a mark (›)", "work",
    ),
)  # fmt: skip

FIXED_KEYS = (
    Action("next_pane", "tab,shift+tab", "Next pane", "To the next pane, or the one before", "app"),
    Action("type", "a…z", "Type", "Letters go to the text field, whatever pane has the focus", "app"),
    Action("list", "up,down,pageup,pagedown", "Move", "Through the list, also while you filter", "library"),
    Action("complete", "right", "Complete", "Take the tag that the filter proposes", "library"),
    Action("clear", "escape", "Clear", "Empty the filter", "library"),
    Action(
        "said", "up,down", "Earlier words", "What you said before, at the first and last line", "feedback"
    ),
    Action("indent", "tab", "Indent", "Four columns further in", "editor"),
    Action("list", "up,down,pageup,pagedown", "Move", "Through the list, also while you filter", "sessions"),
    Action("row", "up,down,k,j", "Row", "One row up or down (k and j where no text is typed)", "panes"),
    Action("page", "pageup,pagedown,home,end", "Page", "A page, or to the first or last row", "panes"),
    Action("choose", "enter", "Choose", "Open, quote or pick the row", "panes"),
    Action("along", "left,right,h,l", "Along", "Another round or sample; sideways in the tests", "panes"),
    Action("mark", "space", "Mark", "Mark a proposed test or a label", "panes"),
)
"""Keys that work as they are and cannot be given to something else; for the page of keys."""


def bindings(where: str) -> list[BindingType]:
    """Textual bindings of a place, with ids so that they can be remapped."""
    return [
        Binding(
            action.keys,
            action.command or action.id,
            action.short or action.title,
            show=action.footer,
            priority=action.priority,
            id=binding_id(action),
            tooltip=action.help,
        )
        for action in ACTIONS
        if action.where == where
    ]


def binding_id(action: Action) -> str:
    """`work.again`: the name of an action in the settings."""
    return f"{action.where.replace(' ', '_')}.{action.id}"
