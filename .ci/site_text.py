"""How the site reads our text: a hook of MkDocs and an extension of Griffe (docstrings).

Pages and docstrings are plain text that happens to be Markdown: sigma(<w, x>) is a formula and no
HTML. Docstrings have roles (:func:`solve`) and one paragraph on what is returned.
"""

import re
from typing import Any

from griffe import Extension as GriffeExtension
from griffe import Function, Object
from markdown import Markdown
from markdown.extensions import Extension as MarkdownExtension
from markdown.inlinepatterns import SimpleTagInlineProcessor
from mkdocs.plugins import event_priority

STRONG = r"(\*\*)(\S(?:.*?\S)?)\*\*"
EMPHASIS = r"(?<![\w*])(\*)([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])"
ROLE = re.compile(r":(?:func|class|meth|mod|data):`~?([^`]+)`")
RETURNS = re.compile(r"^(\s*)Returns:\n(\s+)(?=\S)", re.MULTILINE)
WATCH = re.compile(r"^ +watch: .*\n?", re.MULTILINE)


class Formulas(MarkdownExtension):
    """What stands between < and > is shown; sigma_*(x), w* and H_-k are no emphasis."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Pass no HTML on, and know emphasis by asterisks around whole words alone."""
        md.preprocessors.deregister("html_block")
        for name in ("html", "em_strong", "em_strong2"):
            md.inlinePatterns.deregister(name, strict=False)  # names differ between versions
        md.inlinePatterns.register(SimpleTagInlineProcessor(STRONG, "strong"), "strong", 60)
        md.inlinePatterns.register(SimpleTagInlineProcessor(EMPHASIS, "em"), "emphasis", 50)


@event_priority(100)
def on_config(config: Any) -> Any:
    """Before mkdocstrings hands the list of extensions to its own Markdown."""
    config.markdown_extensions.append(Formulas())
    return config


class Docstrings(GriffeExtension):
    """Roles become code, bars bars, "Returns" is one text, and checks have no ``watch``."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Rewrite the docstring, where there is one."""
        if obj.docstring:
            text = ROLE.sub(r"`\1`", obj.docstring.value.replace(r"\|", "|"))
            obj.docstring.value = RETURNS.sub(r"\1Returns:\n\2: ", text)

    def on_function(self, *, func: Function, **kwargs: Any) -> None:
        """``@routine`` fills ``watch`` in; callers never see it."""
        if any(str(decorator.value).startswith("routine(") for decorator in func.decorators):
            del func.parameters["watch"]
            if func.docstring:
                func.docstring.value = WATCH.sub("", func.docstring.value)
