"""Would like to be searched."""

from gfplab import hookimpl, state, tunable

boost_pct = tunable(25, low=0, high=200, help="extra dirty allowance")
ewma = state(0.0)


@hookimpl
def throttle_vm_writeout(vm, scan):
    return vm.nr_writeback > scan.limit
