“Pasted from a mail.”

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout():
    return 0
