"""`python -m em_impute`."""

from em_impute.cli.main import main

if __name__ == "__main__":
    main()
