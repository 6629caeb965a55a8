"""`python -m em_impute`."""

from em_impute.cli import main

if __name__ == "__main__":
    main()
