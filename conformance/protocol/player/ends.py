"""How a case may end but by its outcome."""


class Broken(Exception):
    """The case, or the adapter, did not work: BROK."""


class Cannot(Exception):
    """What it needs is not to be had here: CONF."""


class Inapplicable(Exception):
    """The subject has nothing that the case is about: N/A."""


class Gone(Broken):
    """The adapter ended before its answer came. A case may take that for an outcome."""

    def __init__(self, what, status=None):
        super().__init__(what)
        self.status = status  # None: not known. As os.waitstatus_to_exitcode: -N for a signal
