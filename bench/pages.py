"""Makes docs/measured_accuracy.md and docs/measured_speed.md of the last results.

``python bench/pages.py`` writes them, ``--check`` tells whether they are up to date (exit status 1
if not). Other folders: ``--results``, ``--docs``.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE)]

import results  # noqa: E402 - the folder above
from measured import accuracy_page, picture, speed_page  # noqa: E402

DOCS = HERE.parent / "docs"


def made(folder=results.FOLDER):
    """Return the pages by their names."""
    (source, accuracy), (cpu_source, cpu), (_, gpu) = (
        results.newest(kind, folder) for kind in results.KINDS
    )
    pages = {
        "measured_accuracy.md": accuracy_page.page(accuracy, source),
        "measured_speed.md": speed_page.page(cpu, gpu, cpu_source),
    }
    if accuracy is not None:
        pages[picture.NAME] = picture.picture(accuracy["smallest_eigenvalues"])
    return pages


def stale(docs=DOCS, folder=results.FOLDER):
    """Return the names of the pages that are not those of the last results."""
    return [
        name
        for name, text in made(folder).items()
        if not (docs / name).is_file() or (docs / name).read_text(encoding="utf-8") != text
    ]


def write(docs=DOCS, folder=results.FOLDER):
    """Write the pages."""
    for name, text in made(folder).items():
        (docs / name).write_text(text, encoding="utf-8")
        print(f"written: {docs / name}")


def main(arguments=None):
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=results.FOLDER)
    parser.add_argument("--docs", type=Path, default=DOCS)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.docs, options.results)
        return 0
    for name in (old := stale(options.docs, options.results)):
        print(f"{options.docs / name} is not made of the last results: python bench/pages.py")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
