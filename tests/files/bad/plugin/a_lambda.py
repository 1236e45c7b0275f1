"""Answers in one line."""

from gfplab import hookimpl

throttle_vm_writeout = hookimpl(lambda vm: vm.nr_writeback > 0)
