"""What a running cell takes of the machine: read by the recorder, outside the kernel, while the cell runs.

    sampler.py     when to read, and for which cells
    processes.py   processor, memory and disk of a kernel and the processes it started
    gpus.py        what the NVIDIA driver says
    limits.py      what a container may use at most
    trace.py       what is kept of it: few points, no peak lost
    kept.py        … while the cell still runs, in case the recorder is killed
    series.py      … as it is shown
"""
