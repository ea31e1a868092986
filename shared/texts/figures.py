"""Relative dates: today, yesterday, how long ago."""

from shared.texts.text import Text

TODAY = Text("heute, {time}", "today, {time}")
YESTERDAY = Text("gestern, {time}", "yesterday, {time}")
JUST_NOW = Text("gerade eben", "just now")
AGO = Text("vor {duration}", "{duration} ago")
# For two days or more. The German text is in the dative, which AGO requires.
DAYS = Text("{n}\N{NO-BREAK SPACE}Tagen", "{n}\N{NO-BREAK SPACE}days")
