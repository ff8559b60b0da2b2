"""What a running cell takes of the machine: read by the recorder, outside the kernel, while the cell runs.

    sampler.py     when to read, and for which cells
    processes.py   processor, memory and disk of a kernel and the processes it started
    gpus.py        what the NVIDIA driver says
    trace.py       what is kept of it: few points, no peak lost
"""
