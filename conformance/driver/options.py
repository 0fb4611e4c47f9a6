"""What conformance/run can be asked, and what it refuses."""

import argparse
import os
import pathlib
import shlex
import shutil

from . import platforms, progress, subjects, report_html, report_json, report_junit, report_tap, report_text
from .build import Build
from .cases import PROGRAMS, WAYS
from .schema import Malformed
from .text import near

CONFORMANCE = pathlib.Path(__file__).resolve().parent.parent
FORMATS = {"text": report_text, "json": report_json, "junit": report_junit, "tap": report_tap,
           "html": report_html}
USAGE = 2  # the exit status
FOLDERS = {"catalogue": "catalogue", "cases": "cases", "platforms": "platforms",
           "protocol": "protocol/cases", "subjects-from": "subjects"}
OF_SUBJECTS = ("protocol", "subjects-from")  # nobody else needs them
NOT_WITH_SUBJECTS = {"platform": None, "program": None, "twin": "both", "exec_prefix": ""}


def words(known=None):
    """Of an option with a list: A,B,C."""
    def parse(text):
        found = tuple(word for word in text.split(",") if word)
        strange = [word for word in found if known and word not in known]
        if strange or not found:
            raise argparse.ArgumentTypeError(f"no such thing: {strange[0] if strange else repr(text)}"
                                             + (f" (there are: {', '.join(known)})" if known else ""))
        return found

    return parse


def positive(text):
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"not a number from 1: {text!r}")
    return int(text)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        """One line: the usage is long."""
        self.exit(USAGE, f"conformance: {message} (--help tells what there is)\n")


def make_parser(description):
    parser = Parser(prog="run", description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_argument_group("which")
    which.add_argument("ids", nargs="*", metavar="ID")
    which.add_argument("--tag", type=words(), default=(), metavar="TAG,...", help="those with one of these tags")
    which.add_argument("--family", type=words(), default=(), metavar="FAMILY,...")
    which.add_argument("--platform", type=words(), action="extend", metavar="PLATFORM,...",
                       help="where: native (the default), those of --list-platforms, gate, extended, all")
    which.add_argument("--subjects", type=words(), action="extend", metavar="SUBJECT,...",
                       help="libraries and tools in the place of the programs: of --list-subjects, gate, more, all")
    which.add_argument("--adapter", metavar="COMMAND", help="a library by an adapter of your own (docs/adapter.md)")
    which.add_argument("--mode", type=words(WAYS), metavar="MODE,...",
                       help="of bare, run, preload (these three), and audit")
    which.add_argument("--twin", choices=(*PROGRAMS, "both"), default="both", help="which of the two programs (both)")
    which.add_argument("--rerun-failed", action="store_true", help="of these, what failed last")
    which.add_argument("--program", metavar="PATH",
                       help="a program in the place of bad: any outcome that is safe passes; "
                       "bare, unless --mode says otherwise")
    which.add_argument("--list", action="store_true", help="run nothing: print them")
    which.add_argument("--list-platforms", action="store_true", help="run nothing: print where they can be run")
    which.add_argument("--list-subjects", action="store_true", help="run nothing: print whom there is to be judged")
    how = parser.add_argument_group("how")
    how.add_argument("--build", type=pathlib.Path, metavar="DIR",
                     help="a built tree (build/release if built, else build/dev)")
    how.add_argument("--jobs", type=positive, default=len(os.sched_getaffinity(0)), metavar="N",
                     help="at a time (processors)")
    how.add_argument("--repeat", type=positive, default=1, metavar="N",
                     help="times; other than always the same is FAIL")
    how.add_argument("--slower", type=positive, default=1, metavar="N",
                     help="a case has N times its deadline, where all is slow (1)")
    how.add_argument("--keep-going", action=argparse.BooleanOptionalAction, default=True, help="after a failure")
    how.add_argument("--exec-prefix", default="", metavar="WORDS", help='before the program: "valgrind -q"')
    for name, folder in FOLDERS.items():
        how.add_argument(f"--{name}", type=pathlib.Path, default=pathlib.Path(near(CONFORMANCE / folder)),
                         metavar="DIR")
    tell = parser.add_argument_group("what is told")
    tell.add_argument("--format", choices=FORMATS, default="text")
    tell.add_argument("--output", type=pathlib.Path, metavar="FILE", help="where that goes (standard output)")
    tell.add_argument("--save", type=pathlib.Path, metavar="DIR",
                      help="keep what each failed run left, in DIR/ID/PROGRAM-MODE")
    tell.add_argument("--progress", choices=progress.CHOICES, default="auto",
                      help="a line on a terminal that is rewritten")
    return parser


def folder(options, name):
    return getattr(options, name.replace("-", "_"))


def check_paths(parser, options):
    for name in FOLDERS:
        path = folder(options, name)
        if name in OF_SUBJECTS and not options.has_subjects:
            continue
        if not os.path.isdir(path) or not os.access(path, os.R_OK | os.X_OK):
            parser.error(f"--{name}: {path} is no directory that can be read")
    if options.output and options.output.is_dir():
        parser.error(f"--output: {options.output} is a directory")
    if options.output and not options.output.resolve().parent.is_dir():
        parser.error(f"--output: there is no directory for {options.output}")
    if options.save:
        try:
            options.save.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            parser.error(f"--save: {options.save}: {wrong.strerror}")
    if options.build and not Build(options.build).warden.is_file():
        parser.error(f"--build: {options.build} holds no conformance/warden")


def parse(arguments, description):
    """(the parser, to complain by; the options)."""
    parser = make_parser(description)
    options = parser.parse_args(arguments)
    try:
        options.prefix = shlex.split(options.exec_prefix)
    except ValueError as wrong:
        parser.error(f"--exec-prefix: {wrong}")
    if options.prefix:
        program = shutil.which(options.prefix[0])
        if not program:
            parser.error(f"--exec-prefix: {options.prefix[0]} is not found")
        options.prefix[0] = os.path.abspath(program)
    if options.program:
        options.program = pathlib.Path(options.program).absolute()
        if not options.program.is_file() or not os.access(options.program, os.X_OK):
            parser.error(f"--program: {options.program} is no program")
        if len(options.ids) != 1 or options.rerun_failed or options.twin != "both":
            parser.error("--program goes with one ID, and not with --rerun-failed or --twin")
    options.has_subjects = bool(options.subjects or options.adapter is not None or options.list_subjects)
    check_paths(parser, options)
    options.again_words = again_words(parser, options)
    options.which_words = which_words(options)
    (choose_subjects if options.has_subjects else choose_platforms)(parser, options)
    return parser, options


def choose_subjects(parser, options):
    """In the place of the platforms."""
    what = "--adapter" if options.adapter is not None else "--subjects"
    strange = [name for name, usual in NOT_WITH_SUBJECTS.items() if getattr(options, name) != usual]
    strange += ["subjects"] if options.subjects and options.adapter is not None else []
    if strange:
        parser.error(f"{what} does not go with --{strange[0].replace('_', '-')}")
    wrong = [mode for mode in options.mode or () if mode not in subjects.MODES]
    if wrong:
        parser.error(f"{what} does not go with --mode {wrong[0]} (there are: {', '.join(subjects.MODES)})")
    try:
        options.platform = (subjects.of_adapter(options.adapter),) if options.adapter is not None else \
            subjects.choose(options.subjects or (subjects.ALL,), options.subjects_from)
    except Malformed as wrong:
        parser.error(str(wrong.complaints[0]))
    except ValueError as wrong:
        parser.error(f"--adapter: {wrong}")
    except KeyError as wrong:
        word = wrong.args[0]
        parser.error(f"no such subject: {word}{subjects.near(word, options.subjects_from)} "
                     "(--list-subjects tells which there are)")
    if not options.platform:
        parser.error("no subject is like that")
    if options.adapter is not None and not shutil.which(options.platform[0].command[0]):
        parser.error(f"--adapter: {options.platform[0].command[0]} is not found")


def choose_platforms(parser, options):
    """From names to Platforms. Where none is named, none is read: what is wrong with one is its own matter."""
    names, known = tuple(options.platform or (platforms.NATIVE,)), {}
    try:
        known = platforms.load(options.platforms) if names != (platforms.NATIVE,) or options.list_platforms else {}
        options.platform = platforms.choose(names, known)
    except Malformed as wrong:
        parser.error(str(wrong.complaints[0]))
    except KeyError as wrong:
        parser.error(f"no such platform: {wrong.args[0]} (--list-platforms tells which there are)")
    options.known_platforms = known


def again_words(parser, options):
    """What calls us for the same things, without saying which of them."""
    run = near(CONFORMANCE / "run")
    found = [run if os.sep in run else f"./{run}"]
    for name in "build", *FOLDERS:
        value = folder(options, name)
        if value != parser.get_default(name.replace("-", "_")):
            found += [f"--{name}", str(value)]
    return found


def which_words(options):
    """What says which of them."""
    lists = (word for name in ("tag", "family") if getattr(options, name)
             for word in (f"--{name}", ",".join(getattr(options, name))))
    return [*lists, *options.ids]
