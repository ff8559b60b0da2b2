"""What each request is answered with, a file for each kind of thing that is asked about."""
