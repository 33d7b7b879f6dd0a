"""What planning takes."""


def planning(folder, arguments):
    yield from ()
