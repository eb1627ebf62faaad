"""What `start_provider` starts: `python -m …simulated.provider PORT`. People use `autoevol provider`."""

from .process import main

if __name__ == "__main__":
    main()
