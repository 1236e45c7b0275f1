"""The limit of swap bios in a dm device is a policy's: it holds, its waiters go on, and it cannot stop everything."""

import pytest
from mm_lab import MS, OP_SHRINK_ZONE, SEC, SmallMachine


class Storm(SmallMachine):
    """Anonymous memory that two reclaimers swap out through dm-crypt; `in_flight` is what each question saw."""

    def __init__(self, gate=None, **options):
        self.in_flight = []
        super().__init__(
            machine={"cpus": 2, "start": {"inactive_anon": "4MiB"}},
            crypt=[{"name": "swap0", "device": "vda"}],
            swap={"device": "swap0", "size": "16MiB"},
            answers={"inflight_gate": lambda *records: self.ask(gate, *records)} if gate else None,
            **options,
        )

    def ask(self, gate, vm, crypt, task, my):
        self.in_flight.append(crypt.swap_bios_out)
        return gate(crypt)

    def swap_out(self):
        """Pages that went out in the two seconds after two tasks scanned the whole list."""
        for start_ns in (MS, MS):
            self.job(OP_SHRINK_ZONE, self.vm.nr_zones, start_ns=start_ns)
        for t in range(1, len(self.k.scans)):
            scan = self.k.scans[t]
            scan.priority, scan.may_swap, scan.may_writepage, scan.nr_to_reclaim = 0, 1, 1, 1 << 20
            scan.gfp_mask, scan.swappiness, scan.cls = 0x24000C0, 60, self.vm.nr_zones
        self.run(2 * SEC)
        assert self.k.crypts[1].swap_bios_out == 0
        return self.vm.swap_written


def test_without_a_limit_swap_bios_pile_up_in_the_device():
    """v4.7: hundreds at once."""
    storm = Storm(gate=lambda crypt: 1)
    assert storm.swap_out() > 500 and max(storm.in_flight) > 100


@pytest.mark.parametrize("limit", [1, 4, 32])
def test_no_more_swap_bios_are_in_the_device_than_the_policy_lets_in(limit):
    """And all pages go out all the same (MODEL 14, law 29)."""
    storm = Storm(gate=lambda crypt: crypt.swap_bios_out < limit)
    assert storm.swap_out() > 500 and max(storm.in_flight) == limit


def test_a_gate_that_never_opens_lets_one_through_at_a_time():
    """A device with nothing in flight admits one unasked, or nothing would ever wake the rest."""
    storm = Storm(gate=lambda crypt: 0)
    assert storm.swap_out() > 500 and max(storm.in_flight) == 1


def test_the_policy_of_patocka_is_a_limit_and_no_loss():
    """inflight_cap with sixteen pages."""
    capped, free = Storm(policies=("inflight_cap",)), Storm()
    assert capped.swap_out() == free.swap_out() > 500
