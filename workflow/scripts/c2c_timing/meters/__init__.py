"""What reads the machine: clock, memory, NVML, clocks and temperatures, wall times of a process."""
