"""What any policy must hold whatever it argues: the laws of the kernel, one log for one seed, an end to every call."""
